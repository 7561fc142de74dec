"""GLUE's test files: what its server takes, one folder per operating point."""

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from pf_fairseq.errors import InputError
from pf_fairseq.exiting.evaluation import Evaluation
from pf_fairseq.exiting.policy import choose_exits
from pf_fairseq.files import atomic_directory, write_text

FILE_NAMES = {
    "SST-2": "SST-2.tsv",
    "MRPC": "MRPC.tsv",
    "RTE": "RTE.tsv",
    "QNLI": "QNLI.tsv",
    "QQP": "QQP.tsv",
    "MNLI": "MNLI-m.tsv",  # the matched test set, the one that is preprocessed
    "CoLA": "CoLA.tsv",
}


def check_submittable(task: str) -> None:
    """Refuse a task that GLUE's server does not know.

    Raises:
        InputError: if `task` is none of GLUE's.
    """
    if task not in FILE_NAMES:
        raise InputError(
            f"`--submission` writes GLUE's test files, but the task is {task!r}; leave it out, "
            f"or take one of {', '.join(FILE_NAMES)}."
        )


def write_submission(folder: Path, evaluation: Evaluation, labels: Sequence[str]) -> None:
    """Write `folder/2x/SST-2.tsv` and so on, for each target that was reached.

    The folder is replaced whole, so that no file of an earlier run stays behind.

    Args:
        folder: where the folders of the operating points go.
        evaluation: of GLUE's test split, in the order of GLUE's file.
        labels: how GLUE writes each class.
    """
    check_submittable(evaluation.task)
    recorded = evaluation.recorded
    with atomic_directory(folder) as temporary:
        for point in evaluation.operating_points:
            if point.reached is None:
                continue
            exit_layer = choose_exits(evaluation.scores, point.reached.threshold)
            text = _format_rows(recorded.predictions_at(exit_layer), labels)
            write_text(temporary / f"{point.name}x" / FILE_NAMES[evaluation.task], text)


def _format_rows(predictions: Tensor, labels: Sequence[str]) -> str:
    """Write one line per sentence under GLUE's header; GLUE's index counts from 0."""
    rows = (f"{index}\t{labels[label]}\n" for index, label in enumerate(predictions.tolist()))
    return "index\tprediction\n" + "".join(rows)
