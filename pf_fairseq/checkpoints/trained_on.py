"""The fingerprint of its data that a checkpoint carries in fairseq's `extra_state`."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pf_fairseq.text.fingerprint import DataFingerprint

logger = logging.getLogger(__name__)

ENTRY = "data_fingerprint"


def fingerprint_in(state: Mapping[str, Any], checkpoint: Path) -> DataFingerprint | None:
    """Read what a checkpoint says of the data that it was trained on.

    Returns:
        None if it says nothing: one of an older version, or of fairseq's own commands.

    Raises:
        InputError: if the entry is damaged.
    """
    extra = state.get("extra_state")
    content = extra.get(ENTRY) if isinstance(extra, Mapping) else None
    if content is None:
        return None
    return DataFingerprint.from_json(content, f"checkpoint `{checkpoint}`")


def check_data(state: Mapping[str, Any], checkpoint: Path, data: Path) -> DataFingerprint:
    """Compare a trained checkpoint with the data that it meets.

    A checkpoint without a fingerprint is taken, with a warning.

    Returns:
        The fingerprint of the data.

    Raises:
        InputError: naming what differs, or what of the data is damaged.
    """
    found = DataFingerprint.of_data_bin(data)
    known = fingerprint_in(state, checkpoint)
    if known is None:
        warn_unknown(checkpoint, data)
    else:
        known.check(found, source=f"checkpoint `{checkpoint}`", folder=data)
    return found


def warn_unknown(checkpoint: Path, data: Path) -> None:
    """Say that nobody can tell whether these belong together."""
    logger.warning(
        "checkpoint `%s` has no fingerprint of its data, so that nobody can tell whether `%s` has "
        "the labels, dictionary and tokenizer that it was trained on; it is taken on trust "
        "(training that resumes from it adds one).",
        checkpoint,
        data,
    )


def keep_in_checkpoints(task: Any, fingerprint: DataFingerprint) -> None:
    """Let fairseq write the fingerprint into every checkpoint that it saves for `task`.

    It asks a task for what is to stand in `extra_state` if the task can tell.
    """
    earlier = getattr(task, "get_checkpoint_dict", dict)
    task.get_checkpoint_dict = lambda: {**earlier(), ENTRY: fingerprint.to_json()}
