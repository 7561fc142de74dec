"""Tab-separated files as GLUE has them: no quoting, every bad line named."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pf_fairseq.errors import InputError

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
MOST_LABELS_SHOWN = 10
MOST_LINES_SHOWN = 10
# What csv.writer and pandas make of a text that holds a quote, a tab or a line break.
CSV_QUOTED = re.compile('"(?:[^"]|"")*"')
OPENS_QUOTE = (
    "opens a quote that it does not close, as csv programs write a text that holds a tab or a line "
    "break: quotes are plain text here, so write spaces instead"
)


@dataclass
class Rows:
    """The rows of one split: texts, second texts of pairs, and labels where there are any."""

    first: list[str] = field(default_factory=list)
    second: list[str] | None = None
    labels: list[str] | None = None

    def take(self, numbers: Sequence[int]) -> "Rows":
        """The rows with these numbers (from 0), in the order given."""
        first, second, labels = (
            None if column is None else [column[number] for number in numbers]
            for column in (self.first, self.second, self.labels)
        )
        return Rows(first or [], second, labels)


@dataclass(frozen=True)
class Columns:
    """Which columns of a file are read, 0-based; no label column: the file is unlabelled."""

    texts: tuple[int, ...]
    label: int | None

    @property
    def n_needed(self) -> int:
        """How many columns a row must have at least."""
        return 1 + max(*self.texts, -1 if self.label is None else self.label)


@dataclass
class Table:
    """A file split into fields; what is wrong with it is collected in `problems`.

    Args:
        path: the file.
        header: the fields of the header line; none without one.
        lines: line number (from 1) and fields of each row that could be decoded.
        problems: one sentence for each bad line, `file:line: what`.
        dropped: line numbers of the broken rows that were passed over, by what broke them.
        carriage_returns: numbers of the lines that hold one other than at their end.
    """

    path: Path
    header: list[str] | None
    lines: list[tuple[int, list[str]]]
    problems: list[str]
    dropped: dict[str, list[int]] = field(default_factory=dict)
    carriage_returns: list[int] = field(default_factory=list)

    @property
    def n_columns(self) -> int:
        """Columns that a row must have: those of the header; without one, what most rows have."""
        if self.header is not None:
            return len(self.header)
        counts = Counter(len(fields) for _, fields in self.lines)
        return counts.most_common(1)[0][0] if counts else 0

    @property
    def n_unclosed(self) -> int:
        """How many fields, those of the header too, open a quote that they do not close."""
        rows = [self.header or [], *(fields for _, fields in self.lines)]
        return sum(_is_unclosed(text) for fields in rows for text in fields)

    def carriage_return_notes(self) -> list[str]:
        """Say which lines hold a carriage return other than at their end, if any does."""
        n_lines = len(self.carriage_returns)
        if not n_lines:
            return []
        lines = "1 line" if n_lines == 1 else f"{n_lines} lines"
        return [
            f"holds carriage returns within {lines} ({shown_lines(self.carriage_returns)}); they "
            "end no line: save it with line feeds, or write spaces"
        ]

    def causes(self) -> list[str]:
        """Sentences like those of `problems`: what in the file may be behind all of them."""
        causes = [f"{self.path}: {note}" for note in self.carriage_return_notes()]
        if any(map(_is_unclosed, self.header or [])):
            causes.append(f"{self.path}:1: the header line {OPENS_QUOTE}")
        return causes


def read_table(path: Path, *, header: bool) -> Table:
    """Split a file at line feeds and tabs. Quotes are plain text; a byte-order mark is dropped.

    Raises:
        InputError: if the file cannot be read.
    """
    try:
        content = path.read_bytes().removeprefix(BYTE_ORDER_MARK)
    except OSError as error:
        raise InputError(f"`{path}` cannot be read ({error.strerror}).") from error
    table = Table(path, None, [], [])
    if content.startswith(UTF_16_MARKS):
        table.problems.append(f"{path}: is UTF-16; save it as UTF-8")
        return table
    lines = content.replace(b"\r\n", b"\n").rstrip(b"\n")
    if b"\r" in lines and b"\n" not in lines:
        what = "ends its lines with carriage returns alone; save it with line feeds"
        table.problems.append(f"{path}: {what}")
        return table
    raw_lines = content.split(b"\n")
    if not raw_lines[-1]:
        raw_lines.pop()  # the line break that ends the last line
    for number, raw in enumerate((raw.removesuffix(b"\r") for raw in raw_lines), start=1):
        if b"\r" in raw:
            table.carriage_returns.append(number)
        try:
            fields = raw.decode("utf-8").split("\t")
        except UnicodeDecodeError as error:
            byte = raw[error.start]
            what = f"is not UTF-8 (byte 0x{byte:02x} at position {error.start + 1})"
            table.problems.append(f"{path}:{number}: {what}")
            continue
        if header and number == 1:
            table.header = fields
        else:
            table.lines.append((number, fields))
    return table


def select_columns(
    table: Table, columns: Columns, labels: Sequence[str] | None, *, drop_broken: bool = False
) -> Rows:
    """Take the texts and labels out of a table, and add every bad row to its `problems`.

    Args:
        table: the file; rows are added to `problems` where they lack a column or have one too
            many (a stray tab shifts the text), or hold an empty text or an unknown label.
        columns: the columns to take.
        labels: the labels that may stand there; none: any but an empty one.
        drop_broken: whether rows of another number of columns or with an empty text go to
            `dropped` instead; a bad label stays a problem.

    Returns:
        The good rows.
    """
    rows = Rows([], [] if len(columns.texts) == 2 else None, None if columns.label is None else [])
    if not table.lines and not table.problems:
        table.problems.append(f"{table.path}: has no rows")
    elif table.lines and table.n_columns < columns.n_needed:
        last = columns.n_needed - 1
        has = f"it has {table.n_columns}"
        table.problems.append(f"{table.path}: lacks column {last} (the first is 0); {has}")
        return rows
    n_columns = table.n_columns
    for number, fields in table.lines:
        broken = _broken(fields, n_columns, columns)
        if broken is not None and drop_broken:
            table.dropped.setdefault(broken, []).append(number)
            continue
        what = broken or _bad_label(fields, columns, labels)
        if what is not None:
            why = f"; it {OPENS_QUOTE}" if any(map(_is_unclosed, fields)) else ""
            table.problems.append(f"{table.path}:{number}: {what}{why}")
            continue
        rows.first.append(fields[columns.texts[0]])
        if rows.second is not None:
            rows.second.append(fields[columns.texts[1]])
        if rows.labels is not None and columns.label is not None:
            rows.labels.append(fields[columns.label].strip())
    return rows


def count_quoted(texts: Sequence[str]) -> int:
    """How many texts look as if a csv program had put them in quotes."""
    return sum(CSV_QUOTED.fullmatch(text) is not None for text in texts)


def shown_lines(numbers: Sequence[int]) -> str:
    """The first of these line numbers, as a person reads them."""
    more = ", ..." if len(numbers) > MOST_LINES_SHOWN else ""
    return f"{', '.join(map(str, numbers[:MOST_LINES_SHOWN]))}{more}"


def visible(fields: Sequence[str]) -> list[str]:
    """Fields as a terminal can show them: a carriage return would go back to the line's start."""
    return [text.replace("\r", "\\r") for text in fields]


def _broken(fields: Sequence[str], n_columns: int, columns: Columns) -> str | None:
    """Say what is wrong with a row's shape or texts, or none."""
    if len(fields) != n_columns:
        plural = "" if len(fields) == 1 else "s"
        return f"has {len(fields)} column{plural} instead of {n_columns}"
    for column in columns.texts:
        if not fields[column].strip():
            return f"the text in column {column} is empty"
    return None


def _is_unclosed(text: str) -> bool:
    """Whether a csv program would read on behind the end of this field."""
    return text.startswith('"') and text.count('"') % 2 == 1


def _bad_label(fields: Sequence[str], columns: Columns, labels: Sequence[str] | None) -> str | None:
    """Say what is wrong with a row's label, or none."""
    if columns.label is None:
        return None
    label = fields[columns.label].strip()
    if not label:
        return f"the label in column {columns.label} is empty"
    if labels is not None and label not in labels:
        shown = ", ".join(labels[:MOST_LABELS_SHOWN])
        more = ", ..." if len(labels) > MOST_LABELS_SHOWN else ""
        return f"the label {label!r} is not one of {shown}{more}"
    return None
