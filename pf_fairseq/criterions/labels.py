"""Do the labels fit the number of classes? Found out before training, not by a crash in it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fairseq.data import data_utils

from pf_fairseq.errors import InputError
from pf_fairseq.text.task import TaskDescription


def check_classes(task: Any, splits: Iterable[str]) -> None:
    """Compare `--num-classes` with the labels of the data.

    Args:
        task: fairseq's `sentence_prediction` task.
        splits: names of the splits that will be read; a split that is not there is passed over,
            since fairseq itself says so.

    Raises:
        SystemExit: if a label is not covered, a split has none, or the data's own description
            differs or is damaged.
    """
    n_classes = task.cfg.num_classes
    data = Path(task.cfg.data)
    if (data / "task.json").is_file():
        labels = _described_labels(data)
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


def _described_labels(data: Path) -> list[str]:
    try:
        return TaskDescription.read(data).labels
    except InputError as error:
        raise SystemExit(f"past_future: {error}") from error


def _largest_label(task: Any, path: Path) -> int:
    dictionary = task.label_dictionary
    labels = data_utils.load_indexed_dataset(str(path), dictionary)
    if labels is None:
        _refuse_unlabelled(path)
        return -1
    largest = max((int(labels[i][0]) for i in range(len(labels))), default=-1)
    return largest - int(dictionary.nspecial)


def _refuse_unlabelled(path: Path) -> None:
    inputs = path.parent.parent / "input0" / path.name
    if data_utils.load_indexed_dataset(str(inputs)) is not None:
        raise SystemExit(
            f"past_future: {inputs} must have labels at {path}, but there are none; take "
            f"`{path.name}` out of `--train-subset` and `--valid-subset`."
        )
