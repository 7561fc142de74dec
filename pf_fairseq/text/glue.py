"""GLUE's sentence classification tasks in their official layout."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pf_fairseq.errors import InputError
from pf_fairseq.text.corpus import Corpus, raise_problems
from pf_fairseq.text.tsv import (
    Columns,
    Rows,
    Table,
    read_table,
    select_columns,
    shown_lines,
    visible,
)

FAIRSEQ_SPLITS = {"train": "train", "dev": "valid", "test": "test"}  # GLUE's name -> fairseq's


@dataclass(frozen=True)
class GlueTask:
    """Layout of one task.

    Args:
        labels: the classes, in the order of their numbers.
        texts: header names of the text columns, two for a pair.
        label: header name of the label column; the test files lack it.
        metrics: scores that GLUE judges the task by, accuracy first.
        matched: whether the dev and test files are named `*_matched`.
        bare: columns of train and dev where these have no header.
        drops_broken: whether GLUE publishes train and dev with rows that lack a column or a text:
            they are left out and counted. No row of test is, since GLUE wants an answer to each.
    """

    labels: tuple[str, ...]
    texts: tuple[str, ...]
    label: str = "label"
    metrics: tuple[str, ...] = ("accuracy",)
    matched: bool = False
    bare: Columns | None = None
    drops_broken: bool = False

    def file_name(self, split: str) -> str:
        """Name of the file of GLUE's split `split`."""
        return f"{split}_matched.tsv" if self.matched and split != "train" else f"{split}.tsv"


_BINARY = ("0", "1")
_ENTAILMENT = ("entailment", "not_entailment")
_F1 = ("accuracy", "f1")
GLUE_TASKS = {
    "SST-2": GlueTask(_BINARY, ("sentence",)),
    "MRPC": GlueTask(_BINARY, ("#1 String", "#2 String"), "Quality", _F1),
    "RTE": GlueTask(_ENTAILMENT, ("sentence1", "sentence2")),
    "QNLI": GlueTask(_ENTAILMENT, ("question", "sentence")),
    # Line breaks inside questions cut rows of train.tsv in two, and two questions are empty.
    "QQP": GlueTask(_BINARY, ("question1", "question2"), "is_duplicate", _F1, drops_broken=True),
    "MNLI": GlueTask(
        ("contradiction", "entailment", "neutral"),
        ("sentence1", "sentence2"),
        "gold_label",
        matched=True,
    ),
    "CoLA": GlueTask(
        _BINARY, ("sentence",), metrics=("accuracy", "mcc"), bare=Columns(texts=(3,), label=1)
    ),
}


def read_glue(name: str, data_dir: Path, splits: Sequence[str]) -> Corpus:
    """Read a task's files.

    Args:
        name: one of `GLUE_TASKS`.
        data_dir: GLUE's folder (that holds one of the task's name), or the task's own.
        splits: GLUE's names of the splits to read, of `train`, `dev`, `test`.

    Raises:
        InputError: if a file cannot be read; or listing every malformed row of all files.
    """
    task = GLUE_TASKS[name]
    folder = _task_folder(name, data_dir)
    tables: list[Table] = []
    rows: dict[str, Rows] = {}
    for split in splits:
        bare = task.bare if split != "test" else None
        table = read_table(folder / task.file_name(split), header=bare is None)
        columns = bare or _named_columns(task, table, labelled=split != "test")
        tables.append(table)
        if columns is not None:
            drop = task.drops_broken and split != "test"
            selected = select_columns(table, columns, task.labels, drop_broken=drop)
            rows[FAIRSEQ_SPLITS[split]] = selected
    raise_problems(tables)
    notes = [_drop_note(name, table) for table in tables if table.dropped]
    notes += [
        f"{table.path.name}: {note}" for table in tables for note in table.carriage_return_notes()
    ]
    pair, metrics = len(task.texts) == 2, list(task.metrics)
    return Corpus(name, list(task.labels), pair, metrics, rows, notes)


def _drop_note(name: str, table: Table) -> str:
    """Count the rows of a file that were left out, and name their first lines."""
    numbers = sorted(number for lines in table.dropped.values() for number in lines)
    reasons = [f"{len(lines)}: {what}" for what, lines in sorted(table.dropped.items())]
    return (
        f"{table.path.name}: {len(numbers)} broken rows of {len(table.lines)} left out, as {name} "
        f"is published with some ({'; '.join(reasons)}); lines {shown_lines(numbers)}"
    )


def _task_folder(name: str, data_dir: Path) -> Path:
    if not data_dir.is_dir():
        raise InputError(f"The data folder `{data_dir}` does not exist or is not a folder.")
    inner = data_dir / name
    if inner.is_dir():
        return inner
    if any(data_dir.glob("*.tsv")):
        return data_dir
    raise InputError(
        f"`{data_dir}` holds neither a folder `{name}` nor .tsv files; give the folder of GLUE."
    )


def _named_columns(task: GlueTask, table: Table, *, labelled: bool) -> Columns | None:
    """Find the columns by the header's names; a name that is missing becomes a problem."""
    header = table.header
    if header is None:  # unreadable, which is a problem already, or an empty file
        if not table.problems:
            table.problems.append(f"{table.path}: is empty")
        return None
    wanted = [*task.texts, task.label] if labelled else [*task.texts]
    missing = [name for name in wanted if name not in header]
    if missing:
        table.problems.append(
            f"{table.path}:1: the header lacks the column {', '.join(missing)}; it has "
            f"{', '.join(visible(header))}"
        )
        return None
    texts = tuple(header.index(name) for name in task.texts)
    return Columns(texts, header.index(task.label) if labelled else None)
