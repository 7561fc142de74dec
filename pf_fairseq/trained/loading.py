"""A trained checkpoint, ready to be evaluated or exported."""

import hashlib
import logging
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pf_fairseq.backbones.catalogue import BACKBONES
from pf_fairseq.checkpoints.loading import read_checkpoint
from pf_fairseq.checkpoints.trained_on import check_data
from pf_fairseq.errors import InputError
from pf_fairseq.registration import register
from pf_fairseq.runtime.executor import torch_defaults
from pf_fairseq.text.fingerprint import DataFingerprint
from pf_fairseq.text.task import TaskDescription

if TYPE_CHECKING:  # importing fairseq takes seconds, and it logs while it is imported
    from pf_fairseq.models.past_future import PastFutureModel


@dataclass(frozen=True)
class TrainedModel:
    """A model in evaluation mode with the data it was trained on.

    Attributes:
        model: with `exit_logits(tokens)`.
        checkpoint: where it came from.
        data: its data-bin.
        task: what `data/task.json` says.
        fingerprint: of the data, which is that of the checkpoint's where it has one.
        vocab_size: ids of the dictionary, specials included.
        pad_id: id of padding.
    """

    model: "PastFutureModel"
    checkpoint: Path
    data: Path
    task: TaskDescription
    fingerprint: DataFingerprint
    vocab_size: int
    pad_id: int

    @property
    def n_layers(self) -> int:
        """Depth, and number of exits."""
        return self.model.n_layers

    @cached_property
    def sha256(self) -> str:
        """Hash of the checkpoint's file, by which its operating points are known."""
        with self.checkpoint.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()


def load_trained_model(checkpoint: Path, data: Path | None = None) -> TrainedModel:
    """Load a checkpoint that `fairseq-train` wrote.

    Args:
        checkpoint: the file.
        data: its data-bin; none: the path that the checkpoint remembers.

    Raises:
        InputError: if the file cannot be read, is no model of ours, does not fit the data, or the
            data is not there.
    """
    _register_quietly()
    state = read_checkpoint(checkpoint)
    cfg = _config(checkpoint, state)
    data = Path(cfg["task"]["data"]) if data is None else data
    if not (data / "task.json").is_file():
        raise InputError(
            f"data `{data}` is not there or holds no task.json; give the folder that "
            f"`pf-fairseq preprocess` wrote with `--data`."
        )
    description = TaskDescription.read(data)
    _check_n_classes(checkpoint, data, cfg["task"].get("num_classes"), description)
    fingerprint = check_data(state, checkpoint, data)
    cfg["task"]["data"] = str(data)
    try:
        with torch_defaults():
            task, model = _build(cfg, state["model"])
    except SystemExit as refusal:
        raise InputError(f"checkpoint `{checkpoint}` and data `{data}`: {refusal}") from refusal
    except OSError as error:  # of the dictionaries
        raise InputError(
            f"data `{data}` is incomplete (`{error.filename}`: {error.strerror}); run "
            f"`pf-fairseq preprocess` again."
        ) from error
    _check_special_tokens(checkpoint, cfg["task"], description)
    return TrainedModel(
        model=model.eval(),
        checkpoint=checkpoint,
        data=data,
        task=description,
        fingerprint=fingerprint,
        vocab_size=len(task.source_dictionary),
        pad_id=task.source_dictionary.pad(),
    )


def _register_quietly() -> None:
    """Import fairseq, without the log that it sets up for the whole process when imported."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    # It tells of everything that it loads, which nobody asked for here.
    logging.getLogger("fairseq").setLevel(logging.WARNING)
    register()
    root.setLevel(level)
    root.handlers[:] = handlers


def _build(cfg: dict[str, Any], weights: dict[str, Any]) -> tuple[Any, "PastFutureModel"]:
    """fairseq's task, and its model with the weights."""
    from fairseq import tasks
    from omegaconf import OmegaConf

    structured = OmegaConf.create({"task": cfg["task"], "model": _with_newer_flags(cfg["model"])})
    task = tasks.setup_task(structured.task)
    model: PastFutureModel = task.build_model(structured.model, from_checkpoint=True)
    model.load_state_dict(weights, strict=True)
    return task, model


def _config(checkpoint: Path, state: dict[str, Any]) -> dict[str, Any]:
    cfg = state.get("cfg")
    model = cfg.get("model") if isinstance(cfg, dict) else None
    name = model.get("_name") if isinstance(model, dict) else None
    if not isinstance(name, str) or not name.startswith("past_future_"):
        raise InputError(
            f"checkpoint `{checkpoint}` has no exits (its architecture is {name!r}); train with an "
            f"`--arch` that has ({', '.join(each.model_name for each in BACKBONES.values())}), for "
            f"which a plain one can be the `--restore-file`."
        )
    _check_architecture(checkpoint, name)
    assert isinstance(cfg, dict)
    if not isinstance(cfg.get("task"), dict):
        raise InputError(
            f"checkpoint `{checkpoint}` has no exits (`pf-fairseq convert` wrote it); train with "
            f"`--finetune-from-model {checkpoint}` first."
        )
    return cfg


def _check_architecture(checkpoint: Path, name: str) -> None:
    from fairseq.models import ARCH_MODEL_NAME_REGISTRY, MODEL_DATACLASS_REGISTRY

    if name not in ARCH_MODEL_NAME_REGISTRY and name not in MODEL_DATACLASS_REGISTRY:
        raise InputError(
            f"checkpoint `{checkpoint}` has the architecture {name!r}, which this version does not "
            "know; install the version of pf_fairseq that trained it."
        )


def _with_newer_flags(model: dict[str, Any]) -> dict[str, Any]:
    """Add the flags that the checkpoint is older than, at their defaults.

    fairseq does so for `past_future_bert`, but not for `past_future_bert_base` and its like.
    """
    from fairseq.models import ARCH_MODEL_NAME_REGISTRY, MODEL_DATACLASS_REGISTRY

    name = ARCH_MODEL_NAME_REGISTRY.get(model["_name"], model["_name"])
    flags = fields(MODEL_DATACLASS_REGISTRY[name])
    # An interpolation takes what training was told elsewhere, which is nothing to a finished model.
    defaults = {f.name: f.default for f in flags if not str(f.default).startswith("${")}
    return {**defaults, **model}


def _check_special_tokens(
    checkpoint: Path, trained_with: dict[str, Any], task: TaskDescription
) -> None:
    wanted: dict[str, int | None] = {"init_token": task.init_token}
    if task.pair:
        wanted["separator_token"] = task.separator_token
    for name, token in wanted.items():
        if trained_with.get(name) != token:
            raise InputError(
                f"checkpoint `{checkpoint}` was trained with `--{name.replace('_', '-')}` "
                f"{trained_with.get(name)}, but the data's inputs have {token}; train with the "
                f"flags that `pf-fairseq preprocess` printed."
            )


def _check_n_classes(
    checkpoint: Path, data: Path, n_classes: object, task: TaskDescription
) -> None:
    if n_classes != len(task.labels):
        raise InputError(
            f"checkpoint `{checkpoint}` has {n_classes} classes, but `{data / 'task.json'}` names "
            f"{len(task.labels)} labels; give the data that it was trained on with `--data`."
        )
