"""What is recorded: a checkpoint's model or an archive's module, each with the data it fits."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from pf_fairseq.artefact.loading import Archive, load_archive
from pf_fairseq.artefact.metadata import ArchiveMetadata
from pf_fairseq.artefact.onnx_model import SUFFIX, OnnxArchive, load_onnx
from pf_fairseq.errors import InputError
from pf_fairseq.modules.policies import POLICIES
from pf_fairseq.modules.policy_description import PolicyDescription
from pf_fairseq.runtime.devices import check_device
from pf_fairseq.runtime.lowering import FLOAT32
from pf_fairseq.text.fingerprint import DataFingerprint
from pf_fairseq.text.task import TaskDescription
from pf_fairseq.values import shown

if TYPE_CHECKING:  # it imports fairseq, which takes seconds and which no archive needs
    from pf_fairseq.trained.loading import TrainedModel


@dataclass(frozen=True)
class RecordedModel:
    """A model on its device, and all that its recorded exits depend on.

    Attributes:
        model: with `record_exits(tokens)`.
        device: where it is.
        name: what it is and where it lies, for errors.
        data: the data-bin.
        task: what `data/task.json` says.
        pad_id: id of padding.
        max_positions: longest input in tokens.
        n_layers: depth.
        policy: that it exits by.
        min_exit_layer: first layer that it checks, 1-based.
        check_interval: layers between two checks.
        dtype: of weights and arithmetic.
        checkpoint_sha256: hash of the checkpoint that it is or was made of.
    """

    model: Any
    device: torch.device
    name: str
    data: Path
    task: TaskDescription
    pad_id: int
    max_positions: int
    n_layers: int
    policy: PolicyDescription
    min_exit_layer: int
    check_interval: int
    dtype: str
    checkpoint_sha256: str


def model_of_checkpoint(checkpoint: Path, data: Path, device: str) -> RecordedModel:
    """Load a checkpoint of `fairseq-train`.

    Raises:
        InputError: if the checkpoint, the data or the device cannot be used.
    """
    from pf_fairseq.trained import loading

    check_device(device, "--device")
    return model_of_trained(loading.load_trained_model(checkpoint, data), device)


def model_of_trained(trained: "TrainedModel", device: str) -> RecordedModel:
    """Take a checkpoint that is loaded already.

    Raises:
        InputError: if the device cannot be used.
    """
    found = check_device(device, "--device")
    return RecordedModel(
        model=trained.model.to(found),
        device=found,
        name=f"checkpoint `{trained.checkpoint}`",
        data=trained.data,
        task=trained.task,
        pad_id=trained.pad_id,
        max_positions=trained.model.max_positions(),
        n_layers=trained.n_layers,
        policy=POLICIES[trained.model.method.default_policy].description,
        min_exit_layer=1,
        check_interval=1,
        dtype=FLOAT32,
        checkpoint_sha256=trained.sha256,
    )


def model_of_archive(path: Path, data: Path, device: str) -> RecordedModel:
    """Load an archive or an ONNX model, and compare the data with what it says of its own.

    Raises:
        InputError: if the archive, the data or the device cannot be used, or they do not fit.
    """
    found = check_device(device, "--device")
    archive: Archive | OnnxArchive
    if path.suffix == SUFFIX:
        if found.type != "cpu":
            raise InputError(f"`{path}` runs on the CPU, but `--device` is {device}; leave it out.")
        archive = load_onnx(path)
    else:
        archive = load_archive(path, found)
    metadata = archive.metadata
    if metadata.format_version == 1:
        raise InputError(
            f"archive `{path}` has format 1, which does not give the logits of every exit; export "
            "the checkpoint again, or give it with `--checkpoint`."
        )
    task = TaskDescription.read(data)
    check_data(metadata, task, data, path)
    return RecordedModel(
        model=recordable(archive.module),
        device=found,
        name=f"archive `{path}`",
        data=data,
        task=task,
        pad_id=metadata.special_tokens["pad"],
        max_positions=metadata.max_positions,
        n_layers=metadata.n_layers,
        policy=metadata.policy,
        min_exit_layer=metadata.min_exit_layer,
        check_interval=metadata.check_interval,
        dtype=metadata.dtype,
        checkpoint_sha256=metadata.checkpoint_sha256,
    )


def check_data(metadata: ArchiveMetadata, task: TaskDescription, data: Path, archive: Path) -> None:
    """Refuse data whose ids or labels mean something else than the archive's.

    Raises:
        InputError: naming the difference.
    """
    known = DataFingerprint(
        labels=tuple(metadata.labels),
        dictionary_sha256=metadata.data.dictionary_sha256,
        tokenizer_sha256=metadata.data.tokenizer_sha256,
    )
    remedy = "give the data that it was trained on with `--data`"
    found = DataFingerprint.of_data_bin(data)
    known.check(found, source=f"archive `{archive}`", folder=data, remedy=remedy)
    facts = [
        ("special tokens", metadata.special_tokens, task.special_tokens),
        ("init token", metadata.init_token, task.init_token),
        ("answer to whether an input is a pair", metadata.pair, task.pair),
    ]
    if task.pair:
        facts.append(("separator token", metadata.separator_token, task.separator_token))
    for what, own, other in facts:
        if own != other:
            raise InputError(
                f"archive `{archive}` was not trained on data like `{data}`: the {what} must be "
                f"{shown(own)}, but the data has {shown(other)} instead; {remedy}."
            )


def recordable(module: Any) -> Any:
    """The module, or what it promises made into what recording calls."""
    return module if hasattr(module, "record_exits") else _WithoutEvidence(module)


class _WithoutEvidence:
    """An archive of somebody else's, which has `exit_logits` and no more."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def record_exits(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Logits `(B, L, C)`, and no evidence `(B, L, 0)`."""
        logits: Tensor = self._module.exit_logits(tokens)
        return logits, logits[:, :, :0]
