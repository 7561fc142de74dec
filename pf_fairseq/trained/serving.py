"""A checkpoint as something to serve from: the eager runtime, and what to know of it."""

import logging
from dataclasses import dataclass
from pathlib import Path

import torch

from pf_fairseq.artefact.metadata import ArchiveMetadata
from pf_fairseq.artefact.operating_points import FILE_NAME, read_operating_points
from pf_fairseq.errors import InputError
from pf_fairseq.exiting.point import NO_POINTS, PointSet
from pf_fairseq.runtime.early_exit import EarlyExitRuntime
from pf_fairseq.runtime.lowering import FLOAT32
from pf_fairseq.text.tokenizer import Tokenizer, load_tokenizer
from pf_fairseq.trained.exporting import ExportOptions, build_metadata, build_runtime
from pf_fairseq.trained.loading import TrainedModel, load_trained_model

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class EagerModel:
    """A checkpoint that is ready to serve, and its data-bin."""

    runtime: EarlyExitRuntime
    metadata: ArchiveMetadata
    tokenizer: Tokenizer
    data: Path


def build_eager(
    checkpoint: Path, data: Path | None, operating_points: Path | None, device: torch.device
) -> EagerModel:
    """Load a checkpoint with its operating points.

    Args:
        checkpoint: the file.
        data: its data-bin; none: the path that the checkpoint remembers.
        operating_points: their file; none: the one beside the checkpoint, if it is of it.
        device: where it is to run.

    Raises:
        InputError: if the checkpoint, the data or the points cannot be used.
    """
    trained = load_trained_model(checkpoint, data)
    if operating_points is None:
        points = _points_beside(trained)
    else:
        points = _read(operating_points, trained)
    options = ExportOptions(points=points, dtype=FLOAT32)
    tokenizer = load_tokenizer(trained.task.tokenizer, trained.data / "tokenizer")
    runtime = build_runtime(trained, options).to(device)
    metadata = build_metadata(trained, options, tokenizer)
    return EagerModel(runtime, metadata, tokenizer, trained.data)


def _read(path: Path, trained: TrainedModel) -> PointSet:
    return read_operating_points(
        path, task=trained.task.task, checkpoint_sha256=trained.sha256, dtype=FLOAT32
    )


def _points_beside(trained: TrainedModel) -> PointSet:
    """Points that lie beside the checkpoint, unless they are another's or cannot be read."""
    path = trained.checkpoint.parent / FILE_NAME
    if not path.is_file():
        return NO_POINTS
    try:
        points = _read(path, trained)
    except InputError as error:
        LOGGER.warning("not used: %s", error)
        return NO_POINTS
    return points if points.origin is not None else NO_POINTS
