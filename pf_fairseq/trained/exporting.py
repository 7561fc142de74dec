"""From a trained model to an archive that was loaded again and compared before it counts."""

import hashlib
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor

from pf_fairseq.artefact.archive import load_archive, save_archive
from pf_fairseq.artefact.metadata import ArchiveMetadata, OperatingPoint, TokenizerEntry
from pf_fairseq.errors import InputError
from pf_fairseq.exiting.policy import choose_exits, distance_to_parameter, score_exits
from pf_fairseq.files import atomic_path
from pf_fairseq.modules.policies import DEFAULT_POLICY, build_policy
from pf_fairseq.runtime.early_exit import EarlyExitRuntime
from pf_fairseq.text.data_bin import load_split
from pf_fairseq.text.inputs import pad_batch
from pf_fairseq.text.tokenizer import Tokenizer, load_tokenizer
from pf_fairseq.trained.loading import TrainedModel

LOGITS_TOLERANCE = 1e-4  # fp32: folded exits and another order of summation
SCORE_TOLERANCE = 1e-4  # what that does to a score
N_COMPARED = 64


@dataclass(frozen=True)
class ExportOptions:
    """What an archive is to be; layers are 1-based."""

    operating_points: list[OperatingPoint]
    default: str | None
    device: str = "cpu"
    min_exit_layer: int = 1
    check_interval: int = 1
    with_tokenizer: bool = True


@dataclass(frozen=True)
class Comparison:
    """How far the archive's answers lie from the eager model's on `n_sentences`."""

    n_sentences: int
    n_thresholds: int
    largest_difference: float
    n_near_threshold: int


def build_runtime(trained: TrainedModel, options: ExportOptions) -> EarlyExitRuntime:
    """The eager runtime of a trained model, with its exits folded where that is possible.

    Raises:
        InputError: if the first exit lies beyond the last layer, or the interval is not positive.
    """
    if not 1 <= options.min_exit_layer <= trained.n_layers:
        raise InputError(
            f"`--min-exit-layer` must be between 1 and the {trained.n_layers} layers of the "
            f"model, but is {options.min_exit_layer} instead."
        )
    if options.check_interval < 1:
        raise InputError(
            f"`--check-interval` must be at least 1, but is {options.check_interval} instead."
        )
    return EarlyExitRuntime(
        trained.model.sentence_encoder,
        trained.model.inference_exits(),
        vocab_size=trained.vocab_size,
        max_positions=trained.model.max_positions(),
        default_threshold=_default_threshold(options),
        min_exit_layer=options.min_exit_layer,
        check_interval=options.check_interval,
    ).eval()


def export_archive(trained: TrainedModel, options: ExportOptions, output: Path) -> Comparison:
    """Write the archive, load it again and compare it with the eager model.

    The file appears under its name only once it has passed.

    Raises:
        InputError: if something about the options or the data is wrong.
        RuntimeError: if the archive's answers differ; nothing is written then.
    """
    runtime = build_runtime(trained, options).to(options.device)
    tokenizer = (
        load_tokenizer(trained.task.tokenizer, trained.data / "tokenizer")
        if options.with_tokenizer
        else None
    )
    metadata = build_metadata(trained, options, tokenizer)
    with atomic_path(output) as temporary:
        save_archive(runtime, metadata, {} if tokenizer is None else tokenizer.files, temporary)
        return _compare(trained, options, temporary)


def build_metadata(
    trained: TrainedModel, options: ExportOptions, tokenizer: Tokenizer | None
) -> ArchiveMetadata:
    """Describe the archive."""
    task, model = trained.task, trained.model
    entry = None
    if tokenizer is not None:
        entry = TokenizerEntry(tokenizer.kind, sorted(tokenizer.files), tokenizer.token_id_map)
    return ArchiveMetadata(
        backbone=model.backbone,
        exit_method=str(model.cfg.exit_method),
        policy="entropy",
        task=task.task,
        labels=task.labels,
        pair=task.pair,
        n_layers=trained.n_layers,
        vocab_size=trained.vocab_size,
        max_positions=model.max_positions(),
        max_tokens=min(task.max_tokens, model.max_positions()),
        special_tokens=task.special_tokens,
        init_token=task.init_token,
        separator_token=task.separator_token,
        dtype="float32",
        min_exit_layer=options.min_exit_layer,
        check_interval=options.check_interval,
        operating_points=options.operating_points,
        default=options.default,
        default_threshold=_default_threshold(options),
        tokenizer=entry,
        checkpoint_sha256=_sha256(trained.checkpoint),
        versions={
            "pf_fairseq": version("pf_fairseq"),
            "torch": torch.__version__,
            "fairseq": version("fairseq-fixed"),
            "python": platform.python_version(),
        },
    )


def _default_threshold(options: ExportOptions) -> float:
    chosen = [p.threshold for p in options.operating_points if p.name == options.default]
    return chosen[0] if chosen else 0.0


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _compare(trained: TrainedModel, options: ExportOptions, path: Path) -> Comparison:
    """Compare with the training model's exits, which are computed all at once: another path."""
    tokens = _real_tokens(trained).to(options.device)
    module = load_archive(path, options.device).module
    with torch.inference_mode():
        expected = trained.model.to(options.device).exit_logits(tokens)
        thresholds = sorted({0.0, *(p.threshold for p in options.operating_points)})
        results = [
            _compare_at(module, tokens, expected, threshold, options) for threshold in thresholds
        ]
    return Comparison(
        n_sentences=tokens.size(0),
        n_thresholds=len(thresholds),
        largest_difference=max(difference for difference, _ in results),
        n_near_threshold=sum(n_near for _, n_near in results),
    )


def _compare_at(
    module: torch.jit.ScriptModule,
    tokens: Tensor,
    expected: Tensor,
    threshold: float,
    options: ExportOptions,
) -> tuple[float, int]:
    scores = score_exits(
        build_policy(DEFAULT_POLICY),
        expected,
        min_exit_layer=options.min_exit_layer,
        check_interval=options.check_interval,
    )
    near = distance_to_parameter(scores, threshold) < SCORE_TOLERANCE
    logits, exit_layer, _ = module(tokens, torch.tensor(threshold))
    exits = choose_exits(scores, threshold)
    n_wrong = int(((exit_layer != exits) & ~near).sum())
    at_exit = expected[torch.arange(len(expected), device=expected.device), exit_layer - 1]
    difference = float((logits - at_exit).abs().max())
    if n_wrong or not difference <= LOGITS_TOLERANCE:
        raise RuntimeError(
            f"the archive does not agree with the model at threshold {threshold:g}: {n_wrong} of "
            f"{len(tokens)} sentences leave elsewhere, logits differ by up to {difference:.2e} "
            f"(tolerance {LOGITS_TOLERANCE:g}); nothing was written."
        )
    return difference, int(near.sum())


def _real_tokens(trained: TrainedModel) -> Tensor:
    for split in ("valid", "train"):
        if (trained.data / "input0" / f"{split}.idx").is_file():
            sentences = load_split(trained.data, split, trained.task).sentences[:N_COMPARED]
            return pad_batch(sentences, trained.pad_id)
    raise InputError(
        f"data `{trained.data}` has neither a valid nor a train split to compare the archive on."
    )
