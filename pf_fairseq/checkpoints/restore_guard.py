"""Refuse a checkpoint that cannot be restored before fairseq passes over it or crashes."""

import functools
from pathlib import Path
from typing import Any

from fairseq import checkpoint_utils

from pf_fairseq.checkpoints.loading import read_checkpoint
from pf_fairseq.errors import InputError

DEFAULT_RESTORE_FILE = "checkpoint_last.pt"
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
        check_restorable(cfg)
        return original(cfg, trainer, **arguments)

    checkpoint_utils.load_checkpoint = load_checkpoint


def check_restorable(cfg: Any) -> None:
    """Look at what `--restore-file`, `--finetune-from-model` or a resume would load.

    Args:
        cfg: fairseq's checkpoint options.

    Raises:
        SystemExit: with one sentence if it is missing or cannot be restored.
    """
    path, flag = _chosen(cfg)
    if path is None:
        return
    if not path.is_file():
        raise SystemExit(
            f"past_future: `{flag}` must be a checkpoint, but `{path}` does not exist; "
            f"give the path of a `.pt` file, or leave the flag out to train from scratch."
        )
    try:
        state = read_checkpoint(path)
    except InputError as error:
        raise SystemExit(f"past_future: {error}") from error
    for entry, old_entry in _TRAINING_STATE.items():
        if entry not in state and old_entry not in state:
            raise SystemExit(
                f"past_future: checkpoint `{path}` has a `model` but no `{entry}`, which "
                f"fairseq needs to restore it; write it with `fairseq-train`."
            )


def _chosen(cfg: Any) -> tuple[Path | None, str]:
    suffix = cfg.checkpoint_suffix or ""
    if cfg.restore_file != DEFAULT_RESTORE_FILE:
        return Path(cfg.restore_file.replace(".pt", suffix + ".pt")), "--restore-file"
    last = Path(cfg.save_dir) / DEFAULT_RESTORE_FILE.replace(".pt", suffix + ".pt")
    if last.is_file():
        return last, "--save-dir"
    if cfg.finetune_from_model is not None:
        return Path(cfg.finetune_from_model), "--finetune-from-model"
    return None, ""
