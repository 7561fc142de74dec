"""What is read before anything is written: the rows of every split, and what they mean."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pf_fairseq.errors import InputError, list_problems
from pf_fairseq.text.tsv import Rows, Table

MOST_PROBLEMS_SHOWN = 1000  # a file of another format is wrong in every line
HELD_SPLIT = "held"  # rows of train that are kept from training
HOLD_OUT_SEED = 1


@dataclass(frozen=True)
class Corpus:
    """A task's rows.

    Args:
        task: name of the GLUE task, or `custom`.
        labels: the classes, in the order of their numbers.
        pair: whether a row holds two texts.
        metrics: scores that the task is judged by.
        splits: fairseq's name of a split (`train`, `valid`, `test`) to its rows.
        notes: what a person should know about how the files were read, one sentence each.
    """

    task: str
    labels: list[str]
    pair: bool
    metrics: list[str]
    splits: dict[str, Rows]
    notes: list[str] = field(default_factory=list)


def raise_problems(tables: Sequence[Table]) -> None:
    """Raise one error that lists every problem of all files.

    Raises:
        InputError: if there is a problem.
    """
    bad = [table for table in tables if table.problems]
    problems = [problem for table in bad for problem in (*table.causes(), *table.problems)]
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        heading = f"The input has {count}; mend what is named here (nothing was written):"
        raise list_problems(heading, problems, limit=MOST_PROBLEMS_SHOWN)


def hold_out(corpus: Corpus, n_rows: int) -> Corpus:
    """Move `n_rows` rows of train into the split `held`, the same ones each time.

    The rows are drawn without regard to labels; both parts keep the order of the file.

    Raises:
        InputError: if there is no train split, or it has not more rows than that.
    """
    train = corpus.splits.get("train")
    n_train = 0 if train is None else len(train.first)
    if train is None or not 0 < n_rows < n_train:
        raise InputError(
            f"`--hold-out` must be from 1 to {max(n_train - 1, 1)}, so that train "
            f"({n_train} rows) keeps some, but is {n_rows} instead."
        )
    held = set(random.Random(HOLD_OUT_SEED).sample(range(n_train), n_rows))
    kept = [row for row in range(n_train) if row not in held]
    splits = {**corpus.splits, "train": train.take(kept), HELD_SPLIT: train.take(sorted(held))}
    return replace(corpus, splits=splits)
