"""Refuse a checkpoint that cannot be restored before fairseq passes over it or crashes."""

import functools
import logging
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from fairseq import checkpoint_utils

from pf_fairseq.checkpoints.loading import read_checkpoint
from pf_fairseq.checkpoints.restoring import dropping_other_heads
from pf_fairseq.checkpoints.trained_on import fingerprint_in, keep_in_checkpoints, warn_unknown
from pf_fairseq.errors import InputError
from pf_fairseq.text.dictionary import DICTIONARY_NAME
from pf_fairseq.text.fingerprint import DataFingerprint

logger = logging.getLogger(__name__)

DEFAULT_RESTORE_FILE = "checkpoint_last.pt"
FINETUNE = "--finetune-from-model"
_PREPROCESS = "run `pf-fairseq preprocess` with the `--tokenizer-dir` of the checkpoint"
# What fairseq needs of a checkpoint beside the weights, and where its first version kept it.
_TRAINING_STATE = {"optimizer_history": "best_loss", "extra_state": "epoch"}


def install() -> None:
    """Wrap `checkpoint_utils.load_checkpoint`, once.

    fairseq has no hook between reading its flags and loading: it trains from scratch, in silence,
    when `--restore-file` does not exist, and a broken file ends in a traceback whose last line
    tells nothing. So this one function is wrapped; what it does for a good file is unchanged.
    """
    original = checkpoint_utils.load_checkpoint
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def load_checkpoint(cfg: Any, trainer: Any, **arguments: Any) -> Any:
        flag = check_restorable(cfg, _remember_data(trainer.task), trainer.cfg.model)
        with dropping_other_heads() if flag == FINETUNE else nullcontext():
            return original(cfg, trainer, **arguments)

    checkpoint_utils.load_checkpoint = load_checkpoint


def check_restorable(cfg: Any, data: Path | None = None, model_flags: Any = None) -> str:
    """Look at what `--restore-file`, `--finetune-from-model` or a resume would load.

    Args:
        cfg: fairseq's checkpoint options.
        data: the data-bin of the training; None: the checkpoint is not compared with any.
        model_flags: the model's flags of the training; None: likewise.

    Returns:
        The flag that names the checkpoint; empty if none is loaded.

    Raises:
        SystemExit: with one sentence if it is missing, cannot be restored, or was trained on other
            data.
    """
    path, flag = _chosen(cfg)
    if path is None:
        return flag
    if not path.is_file():
        raise SystemExit(
            f"past_future: `{flag}` must be a checkpoint, but `{path}` does not exist; "
            f"give the path of a `.pt` file, or leave the flag out to train from scratch."
        )
    try:
        state = read_checkpoint(path)
        if data is not None:
            _check_data(state, path, data, flag)
    except InputError as error:
        raise SystemExit(f"past_future: {error}") from error
    if flag != FINETUNE and _is_ours(state):
        _warn_of_another_scale(state, path, model_flags)
    for entry, old_entry in _TRAINING_STATE.items():
        if entry not in state and old_entry not in state:
            raise SystemExit(
                f"past_future: checkpoint `{path}` has a `model` but no `{entry}`, which "
                f"fairseq needs to restore it; write it with `fairseq-train`."
            )
    return flag


def _remember_data(task: Any) -> Path | None:
    """Let checkpoints carry the fingerprint of the task's data; gives the data-bin, if it is one.

    Raises:
        SystemExit: if the data-bin is damaged.
    """
    data = Path(str(getattr(getattr(task, "cfg", None), "data", "")))
    if not (data / "label" / DICTIONARY_NAME).is_file():
        return None
    try:
        keep_in_checkpoints(task, DataFingerprint.of_data_bin(data))
    except InputError as error:
        raise SystemExit(f"past_future: {error}") from error
    return data


def _check_data(state: dict[str, Any], path: Path, data: Path, flag: str) -> None:
    """Compare a checkpoint with the data that training would go on with.

    A resume must find everything again. Fine-tuning may have other labels, whose heads learn
    them, and another tokenizer of the same dictionary; other ids would be another language.
    """
    known = fingerprint_in(state, path)
    if known is None:
        if _is_ours(state):
            warn_unknown(path, data)
        return
    found = DataFingerprint.of_data_bin(data)
    if flag == FINETUNE:
        known = replace(known, labels=None)
        if known.dictionary_sha256 == found.dictionary_sha256:
            for difference in known.differences(found):
                logger.warning("checkpoint `%s`: %s than it was trained with", path, difference)
            return
        known.check(found, source=f"checkpoint `{path}`", folder=data, remedy=_PREPROCESS)
    known.check(found, source=f"checkpoint `{path}`", folder=data)


def _warn_of_another_scale(state: dict[str, Any], path: Path, model_flags: Any) -> None:
    """Training from before there was `--exit-gradient-scale` had 1, which is not its default."""
    before = float(state["cfg"]["model"].get("exit_gradient_scale", 1.0))
    now = float(getattr(model_flags, "exit_gradient_scale", before))
    if now != before:
        logger.warning(
            "checkpoint `%s` was trained with `--exit-gradient-scale %g` and goes on with %g; give "
            "that flag to train as before",
            path,
            before,
            now,
        )


def _is_ours(state: dict[str, Any]) -> bool:
    """Whether our models were trained: not a plain one of fairseq's, nor a converted encoder."""
    cfg = state.get("cfg")
    if not isinstance(cfg, dict) or cfg.get("task") is None:
        return False
    model = cfg.get("model")  # a Namespace in checkpoints of fairseq's argparse age
    name = model.get("_name") if isinstance(model, dict) else None
    return str(name).startswith("past_future_")


def _chosen(cfg: Any) -> tuple[Path | None, str]:
    suffix = cfg.checkpoint_suffix or ""
    if cfg.restore_file != DEFAULT_RESTORE_FILE:
        return Path(cfg.restore_file.replace(".pt", suffix + ".pt")), "--restore-file"
    last = Path(cfg.save_dir) / DEFAULT_RESTORE_FILE.replace(".pt", suffix + ".pt")
    if last.is_file():
        return last, "--save-dir"
    once = getattr(cfg, "continue_once", None)
    if once is not None:
        return Path(once), "--continue-once"
    if cfg.finetune_from_model is not None:
        return Path(cfg.finetune_from_model), FINETUNE
    return None, ""
