"""A user's own tab-separated files, one for each split."""

import re
from collections.abc import Mapping
from pathlib import Path

from pf_fairseq.text.corpus import Corpus, raise_problems
from pf_fairseq.text.dictionary import MASK_SYMBOL, SPECIAL_SYMBOLS
from pf_fairseq.text.tsv import (
    Columns,
    Rows,
    Table,
    count_quoted,
    read_table,
    select_columns,
    visible,
)

CUSTOM_TASK = "custom"


def read_custom(files: Mapping[str, Path], columns: Columns, *, header: bool) -> Corpus:
    """Read own files; the labels are those of the train file.

    A test file that ends before the label column is unlabelled.

    Args:
        files: fairseq's name of a split to its file, `train` first.
        columns: the columns of text and label, the same in every file.
        header: whether the first line of each file is a header.

    Raises:
        InputError: if a file cannot be read; or listing every malformed row of all files.
    """
    tables = {split: read_table(path, header=header) for split, path in files.items()}
    train = select_columns(tables["train"], columns, None)
    labels = sort_labels(_labels_of(tables["train"], columns))
    tables["train"].problems += _label_problems(tables["train"], labels)
    splits = {"train": train}
    for split, table in tables.items():
        if split != "train":
            found = _columns_of(split, table, columns)
            splits[split] = select_columns(table, found, labels or None)
    raise_problems(list(tables.values()))
    notes = [note for table in tables.values() for note in _header_notes(table, columns, labels)]
    for split, table in tables.items():
        notes += _quote_notes(table, splits[split])
        notes += [f"{table.path.name}: {note}" for note in table.carriage_return_notes()]
    once = list(dict.fromkeys(notes))  # a file may serve two splits
    return Corpus(CUSTOM_TASK, labels, len(columns.texts) == 2, ["accuracy"], splits, once)


def sort_labels(labels: set[str]) -> list[str]:
    """Sort labels, as numbers if all are integers, else as text."""
    if all(re.fullmatch(r"[+-]?[0-9]+", label) for label in labels):
        return sorted(labels, key=lambda label: (int(label), label))
    return sorted(labels)


def _labels_of(table: Table, columns: Columns) -> set[str]:
    """Collect every label, also of rows whose text is bad, so that no problem causes another."""
    n_columns, label = table.n_columns, columns.label
    if label is None or label >= n_columns:
        return set()
    rows = (fields for _, fields in table.lines if len(fields) == n_columns)
    return {fields[label].strip() for fields in rows} - {""}


def _columns_of(split: str, table: Table, columns: Columns) -> Columns:
    unlabelled = columns.label is not None and columns.label >= table.n_columns
    return Columns(columns.texts, None) if split == "test" and unlabelled else columns


def _label_problems(table: Table, labels: list[str]) -> list[str]:
    """Name the labels that make no classification task or no line of fairseq's `dict.txt`."""
    problems = []
    if len(labels) == 1:
        problems.append(f"{table.path}: every row has the label {labels[0]!r}; two are needed")
    for label in labels:
        if label in (*SPECIAL_SYMBOLS, MASK_SYMBOL) or "\r" in label:
            problems.append(f"{table.path}: fairseq cannot take {label!r} as a label")
    return problems


def _header_notes(table: Table, columns: Columns, labels: list[str]) -> list[str]:
    """Say what was taken for the header, and whether it looks like a row."""
    if table.header is None:
        return []
    note = f"{table.path.name}: `{' | '.join(visible(table.header))}` was taken for the header line"
    number = columns.label
    label = "" if number is None or number >= len(table.header) else table.header[number].strip()
    if label in labels:
        note += f", but {label!r} is one of the classes: if it is a row, give --no-header"
    return [note]


def _quote_notes(table: Table, rows: Rows) -> list[str]:
    """Count what a csv program seems to have put in quotes, and what it seems to have cut."""
    notes = []
    n_quoted = sum(count_quoted(each or []) for each in (rows.first, rows.second, rows.labels))
    if n_quoted:
        looks = "1 text or label looks" if n_quoted == 1 else f"{n_quoted} texts or labels look"
        notes.append(
            f"{table.path.name}: {looks} quoted by csv rules; quotes are plain text here, so the "
            "model reads them: write the file without quoting if they do not belong to the text"
        )
    if table.n_unclosed:
        opens = "1 field opens" if table.n_unclosed == 1 else f"{table.n_unclosed} fields open"
        notes.append(
            f"{table.path.name}: {opens} a quote without closing it; if a csv program wrote it "
            "around a tab or a line break, the text is cut there: write spaces instead"
        )
    return notes
