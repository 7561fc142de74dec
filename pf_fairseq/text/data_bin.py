"""A data-bin: the folder that fairseq's `sentence_prediction` reads, written and read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pf_fairseq.errors import InputError
from pf_fairseq.files import atomic_directory
from pf_fairseq.text.corpus import Corpus
from pf_fairseq.text.dictionary import DICTIONARY_NAME, SPECIAL_SYMBOLS, format_dictionary
from pf_fairseq.text.encoding import EncodedRow, LengthSummary, encode_rows
from pf_fairseq.text.indexed import read_indexed, write_indexed
from pf_fairseq.text.task import TASK_NAME, TaskDescription
from pf_fairseq.text.tokenizer import Tokenizer
from pf_fairseq.text.tsv import Rows

INPUT_FOLDERS = ("input0", "input1")
LABEL_FOLDER = "label"
TOKENIZER_FOLDER = "tokenizer"
CONTENTS = {*INPUT_FOLDERS, LABEL_FOLDER, TOKENIZER_FOLDER, TASK_NAME}
LABEL_OFFSET = len(SPECIAL_SYMBOLS)  # class 0 is the first symbol after the special ones


class Track(Protocol):
    """Passes rows on and shows a person how far they are."""

    def __call__(
        self, rows: Iterable[EncodedRow], *, name: str, total: int
    ) -> Iterable[EncodedRow]:
        """Pass on the `total` rows of the split `name`."""


@dataclass(frozen=True)
class EncodedSplit:
    """A split as a model sees it.

    Args:
        sentences: finished inputs, special tokens included.
        labels: class numbers from 0; none if the split is unlabelled.
    """

    sentences: list[list[int]]
    labels: list[int] | None


def check_output(output: Path) -> None:
    """Refuse a folder that holds anything but a data-bin, because it would be replaced whole.

    Raises:
        InputError: naming what the folder holds.
    """
    if not output.is_dir():
        return
    foreign = sorted({path.name for path in output.iterdir()} - CONTENTS)
    if foreign:
        raise InputError(
            f"`{output}` would be replaced whole, but holds {', '.join(foreign[:5])}; "
            "choose an output folder of its own."
        )


def write_data_bin(
    output: Path,
    corpus: Corpus,
    tokenizer: Tokenizer,
    description: TaskDescription,
    *,
    track: Track,
) -> dict[str, LengthSummary]:
    """Write the whole folder in one step; a data-bin that stands there already is replaced.

    Args:
        output: the folder.
        corpus: the rows of every split.
        tokenizer: encodes the texts; its files are copied into `tokenizer/`.
        description: becomes `task.json`.
        track: shows progress.

    Returns:
        For each split, how long its finished inputs are.

    Raises:
        InputError: if `output` cannot be written, or holds anything but a data-bin.
    """
    check_output(output)
    summaries = {split: LengthSummary() for split in corpus.splits}
    with atomic_directory(output.resolve()) as folder:  # resolved, because `.` has no name
        _write_small_files(folder, tokenizer, description)
        for split, rows in corpus.splits.items():
            encoded = encode_rows(
                rows,
                tokenizer,
                layout=description.layout,
                max_tokens=description.max_tokens,
                summary=summaries[split],
            )
            tracked = track(encoded, name=split, total=len(rows.first))
            inputs = [folder / name / split for name in INPUT_FOLDERS[: 1 + description.pair]]
            write_indexed(inputs, tracked, vocab_size=tokenizer.vocab_size)
            _write_labels(folder / LABEL_FOLDER / split, rows, description.labels)
    return summaries


def _write_small_files(folder: Path, tokenizer: Tokenizer, description: TaskDescription) -> None:
    for name in INPUT_FOLDERS[: 1 + description.pair]:
        (folder / name).mkdir()
        (folder / name / DICTIONARY_NAME).write_text(tokenizer.dictionary_text(), encoding="utf-8")
    (folder / LABEL_FOLDER).mkdir()
    labels = format_dictionary(description.labels)
    (folder / LABEL_FOLDER / DICTIONARY_NAME).write_text(labels, encoding="utf-8")
    (folder / TOKENIZER_FOLDER).mkdir()
    for name, content in tokenizer.files.items():
        (folder / TOKENIZER_FOLDER / name).write_bytes(content)
    description.write(folder)


def _write_labels(prefix: Path, rows: Rows, labels: Sequence[str]) -> None:
    if rows.labels is not None:
        ids = {label: LABEL_OFFSET + number for number, label in enumerate(labels)}
        items = (([ids[label]],) for label in rows.labels)
        write_indexed([prefix], items, vocab_size=LABEL_OFFSET + len(labels))


def load_split(data_bin: Path, split: str, description: TaskDescription) -> EncodedSplit:
    """Read a split as fairseq's `sentence_prediction` does, in the order of its rows.

    It also reads what fairseq's own tools wrote, as long as `task.json` describes it.

    Args:
        data_bin: the folder.
        split: fairseq's name of the split: `train`, `valid` or `test`.
        description: the folder's `task.json`.

    Raises:
        InputError: if the split is missing, damaged, or not what `task.json` says.
    """
    first, second = (read_indexed(data_bin / name / split) for name in INPUT_FOLDERS)
    if first is None:
        indexes = (data_bin / INPUT_FOLDERS[0]).glob("*.idx")
        found = sorted(path.stem for path in indexes if path.with_suffix(".bin").is_file())
        raise InputError(
            f"`{data_bin}` has no split `{split}`; it has {', '.join(found) or 'none at all'}."
        )
    if (second is not None) != description.pair:
        raise _damaged(data_bin, f"`{TASK_NAME}` and input1/{split} disagree about pairs")
    if second is not None and len(second) != len(first):
        raise _damaged(
            data_bin, f"input0/{split} has {len(first)} rows, but input1/{split} {len(second)}"
        )
    layout = description.layout
    separator = [] if layout.separator_token is None else [layout.separator_token]
    sentences = [[layout.init_token, *ids] for ids in first]
    for sentence, ids in zip(sentences, second or [], strict=description.pair):
        sentence += [*separator, *ids]
    return EncodedSplit(sentences, _load_labels(data_bin, split, description, len(sentences)))


def _load_labels(
    data_bin: Path, split: str, description: TaskDescription, n_rows: int
) -> list[int] | None:
    items = read_indexed(data_bin / LABEL_FOLDER / split)
    if items is None:
        return None
    labels = [ids[0] - LABEL_OFFSET for ids in items if ids]
    if len(labels) != n_rows:
        raise _damaged(data_bin, f"{len(labels)} labels stand beside {n_rows} rows of {split}")
    n_classes = len(description.labels)
    outside = [row for row, label in enumerate(labels, start=1) if not 0 <= label < n_classes]
    if outside:
        raise _damaged(data_bin, f"row {outside[0]} of {split} has none of the {n_classes} labels")
    return labels


def _damaged(data_bin: Path, what: str) -> InputError:
    return InputError(f"`{data_bin}` is damaged: {what}; run `pf-fairseq preprocess` again.")
