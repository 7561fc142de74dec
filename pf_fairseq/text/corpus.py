"""What is read before anything is written: the rows of every split, and what they mean."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pf_fairseq.errors import list_problems
from pf_fairseq.text.tsv import Rows, Table

MOST_PROBLEMS_SHOWN = 1000  # a file of another format is wrong in every line


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
    problems = [problem for table in tables for problem in table.problems]
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        heading = f"The input has {count}; mend what is named here (nothing was written):"
        raise list_problems(heading, problems, limit=MOST_PROBLEMS_SHOWN)
