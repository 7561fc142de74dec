"""From a trained model to an archive that was loaded again and compared before it counts."""

import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch

from pf_fairseq.artefact.checking import Agreement, check_archive
from pf_fairseq.artefact.loading import load_archive
from pf_fairseq.artefact.metadata import ArchiveMetadata, DataEntry, LabelAgreement, TokenizerEntry
from pf_fairseq.artefact.onnx_model import load_onnx, save_onnx
from pf_fairseq.artefact.saving import save_archive
from pf_fairseq.errors import InputError
from pf_fairseq.exiting.point import NO_POINTS, PointSet
from pf_fairseq.exiting.policy import policy_of
from pf_fairseq.files import atomic_path
from pf_fairseq.modules.policies import Policy, build_policy
from pf_fairseq.runtime.early_exit import EarlyExitRuntime
from pf_fairseq.runtime.executor import torch_defaults, use_simple_executor
from pf_fairseq.runtime.lowering import FLOAT32, lower
from pf_fairseq.text.data_bin import load_split
from pf_fairseq.text.inputs import cut_input
from pf_fairseq.text.tokenizer import Tokenizer, load_tokenizer
from pf_fairseq.trained.loading import TrainedModel

N_COMPARED = 128  # sentences at most, spread over the whole split


@dataclass(frozen=True)
class ExportOptions:
    """What an archive is to be; layers are 1-based.

    Attributes:
        points: operating points, whose origin says how the archive exits.
        min_exit_layer: first layer after which a sentence may leave; None: the points', else 1.
        check_interval: layers between two checks; None: the points', else 1.
        device: where the archive is compared with the model.
        with_tokenizer: whether the tokenizer's files go in.
        dtype: of weights and arithmetic, one of `lowering.DTYPES`.
        agreement: how many labels are those of float32; None where it is float32 itself.
    """

    points: PointSet = NO_POINTS
    min_exit_layer: int | None = None
    check_interval: int | None = None
    device: str = "cpu"
    with_tokenizer: bool = True
    dtype: str = FLOAT32
    agreement: LabelAgreement | None = None


@dataclass(frozen=True)
class ExitRules:
    """How a runtime is to exit."""

    policy: Policy
    min_exit_layer: int
    check_interval: int
    default_threshold: float


def exit_rules(trained: TrainedModel, options: ExportOptions) -> ExitRules:
    """What the operating points were chosen with, or what was asked for where there are none.

    Raises:
        InputError: if the points and what was asked for differ, the layers are not there, or the
            points' policy is not known.
    """
    origin = options.points.origin
    chosen = {}
    for name in ("min_exit_layer", "check_interval"):
        asked = getattr(options, name)
        stated = None if origin is None else getattr(origin, name)
        if stated is not None and asked is not None and asked != stated:
            flag = f"--{name.replace('_', '-')}"
            raise InputError(
                f"`{flag}` must be {stated}, with which the operating points were chosen, but is "
                f"{asked} instead; leave it out, or run `pf-fairseq calibrate {flag} {asked}`."
            )
        chosen[name] = next((each for each in (asked, stated) if each is not None), 1)
    if not 1 <= chosen["min_exit_layer"] <= trained.n_layers:
        raise InputError(
            f"`--min-exit-layer` must be between 1 and the {trained.n_layers} layers of the "
            f"model, but is {chosen['min_exit_layer']} instead."
        )
    if chosen["check_interval"] < 1:
        raise InputError(
            f"`--check-interval` must be at least 1, but is {chosen['check_interval']} instead."
        )
    if origin is None:
        policy = build_policy(trained.model.method.default_policy)
    else:
        policy = policy_of(origin.policy, "the file of operating points")
    threshold = options.points.default_threshold(policy.description.never)
    return ExitRules(policy, default_threshold=threshold, **chosen)


def build_runtime(trained: TrainedModel, options: ExportOptions) -> EarlyExitRuntime:
    """The eager runtime of a trained model in its dtype, with exits folded where possible.

    Raises:
        InputError: if the options contradict the points or the model.
    """
    rules = exit_rules(trained, options)
    with torch_defaults():
        runtime = EarlyExitRuntime(
            trained.model.sentence_encoder,
            trained.model.inference_exits(),
            rules.policy,
            vocab_size=trained.vocab_size,
            max_positions=trained.model.max_positions(),
            default_threshold=rules.default_threshold,
            min_exit_layer=rules.min_exit_layer,
            check_interval=rules.check_interval,
        )
    return lower(runtime.eval(), options.dtype)


def export_archive(trained: TrainedModel, options: ExportOptions, output: Path) -> Agreement:
    """Write the archive, load it again and compare it with the eager model.

    The file appears under its name only once it has passed.

    Raises:
        InputError: if something about the options or the data is wrong.
        RuntimeError: if the archive's answers differ; nothing is written then.
    """
    device = torch.device(options.device)
    runtime = build_runtime(trained, options)
    tokenizer = (
        load_tokenizer(trained.task.tokenizer, trained.data / "tokenizer")
        if options.with_tokenizer
        else None
    )
    metadata = build_metadata(trained, options, tokenizer)
    sentences = sentences_to_compare(trained)
    use_simple_executor()
    with atomic_path(output) as temporary:
        save_archive(runtime, metadata, {} if tokenizer is None else tokenizer.files, temporary)
        module = load_archive(temporary, device).module
        model = trained.model.to(device)
        return check_archive(module, metadata, sentences, model.exit_logits, device)


def export_onnx(trained: TrainedModel, options: ExportOptions, output: Path) -> Agreement:
    """Write an ONNX model, load it by onnxruntime and compare it with the eager model.

    Arguments and errors are those of `export_archive`; it runs in fp32 on the CPU.
    """
    runtime = build_runtime(trained, options)
    metadata = build_metadata(trained, options, None)
    sentences = sentences_to_compare(trained)
    with atomic_path(output) as temporary:
        save_onnx(runtime, metadata, temporary)
        module = load_onnx(temporary).module
        expected = trained.model.exit_logits
        return check_archive(module, metadata, sentences, expected, torch.device("cpu"))


def build_metadata(
    trained: TrainedModel, options: ExportOptions, tokenizer: Tokenizer | None
) -> ArchiveMetadata:
    """Describe the archive."""
    task, model = trained.task, trained.model
    rules = exit_rules(trained, options)
    entry = None
    if tokenizer is not None:
        entry = TokenizerEntry(
            tokenizer.kind,
            sorted(tokenizer.files),
            tokenizer.token_id_map,
            tokenizer.special_pieces,
        )
    return ArchiveMetadata(
        backbone=model.backbone,
        exit_method=str(model.cfg.exit_method),
        policy=rules.policy.description,
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
        dtype=options.dtype,
        min_exit_layer=rules.min_exit_layer,
        check_interval=rules.check_interval,
        operating_points=options.points.points,
        default=options.points.default,
        default_threshold=rules.default_threshold,
        split=None if options.points.origin is None else options.points.origin.split,
        tokenizer=entry,
        checkpoint_sha256=trained.sha256,
        label_agreement=options.agreement,
        data=DataEntry(trained.fingerprint.dictionary_sha256, trained.fingerprint.tokenizer_sha256),
        versions={
            "pf_fairseq": version("pf_fairseq"),
            "torch": torch.__version__,
            "fairseq": version("fairseq-fixed"),
            "python": platform.python_version(),
        },
    )


def sentences_to_compare(trained: TrainedModel) -> list[list[int]]:
    """Real sentences from all over a split, cut to what serving lets through.

    Raises:
        InputError: if there is no split to take them from.
    """
    task = trained.task
    for split in ("valid", "train"):
        if (trained.data / "input0" / f"{split}.idx").is_file():
            sentences = load_split(trained.data, split, task).sentences
            step = max(1, -(-len(sentences) // N_COMPARED))
            most = min(task.max_tokens, trained.model.max_positions())
            return [
                cut_input(sentence, layout=task.layout, pair=task.pair, max_tokens=most)
                for sentence in sentences[::step]
            ]
    raise InputError(
        f"data `{trained.data}` has neither a valid nor a train split to compare the archive on."
    )
