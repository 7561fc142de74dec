"""fairseq's own evaluation, too, refuses a checkpoint beside data that it was not trained on."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fairseq import checkpoint_utils

from pf_fairseq.checkpoints.loading import read_checkpoint
from pf_fairseq.checkpoints.trained_on import check_data
from pf_fairseq.errors import InputError
from pf_fairseq.text.dictionary import DICTIONARY_NAME


def install() -> None:
    """Wrap `checkpoint_utils.load_model_ensemble_and_task`, once.

    `fairseq-validate` and `from_pretrained` load through it, and it is where a checkpoint meets
    the data of its task; fairseq has no hook there. What it does for fitting data is unchanged.
    """
    original = checkpoint_utils.load_model_ensemble_and_task
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def load_model_ensemble_and_task(filenames: Sequence[str], *args: Any, **options: Any) -> Any:
        models, cfg, task = original(filenames, *args, **options)
        check_ensemble(filenames, models, task)
        return models, cfg, task

    checkpoint_utils.load_model_ensemble_and_task = load_model_ensemble_and_task


def check_ensemble(filenames: Sequence[str], models: Sequence[Any], task: Any) -> None:
    """Compare checkpoints of our models with the task's data-bin.

    Raises:
        SystemExit: with one sentence if a checkpoint was trained on other data.
    """
    data = Path(str(getattr(getattr(task, "cfg", None), "data", "")))
    if not (data / "label" / DICTIONARY_NAME).is_file():
        return
    for name, model in zip(filenames, models, strict=True):
        path = Path(name)  # a shard of several has another name, and no exits of ours
        if not hasattr(model, "all_exits") or not path.is_file():
            continue
        try:
            check_data(read_checkpoint(path), path, data)
        except InputError as error:
            raise SystemExit(f"past_future: {error}") from error
