"""Do the labels fit the number of classes? Found out before training, not by a crash in it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fairseq.data import data_utils

from pf_fairseq.text.task import TaskDescription


def check_classes(task: Any, splits: Iterable[str]) -> None:
    """Compare `--num-classes` with the labels of the data.

    Args:
        task: fairseq's `sentence_prediction` task.
        splits: names of the splits that will be read; a split that is not there is passed over,
            since fairseq itself says so.

    Raises:
        SystemExit: if a label is not covered, or the data's own description differs.
    """
    n_classes = task.cfg.num_classes
    data = Path(task.cfg.data)
    if (data / "task.json").is_file():
        labels = TaskDescription.read(data).labels
        if len(labels) != n_classes:
            raise SystemExit(
                f"past_future: `--num-classes` must be {len(labels)}, the number of labels in "
                f"{data / 'task.json'} ({', '.join(labels)}), but is {n_classes} instead."
            )
    for split in splits:
        largest = _largest_label(task, data / "label" / split)
        if largest >= n_classes:
            raise SystemExit(
                f"past_future: `--num-classes` must be at least {largest + 1}, since the labels "
                f"of {data / 'label' / split} go from 0 to {largest}, but is {n_classes} instead."
            )


def _largest_label(task: Any, path: Path) -> int:
    dictionary = task.label_dictionary
    labels = data_utils.load_indexed_dataset(str(path), dictionary)
    if labels is None:
        return -1
    largest = max((int(labels[i][0]) for i in range(len(labels))), default=-1)
    return largest - int(dictionary.nspecial)
