"""Own files: the labels come from the train file."""

from pathlib import Path

import pytest

from pf_fairseq.errors import InputError
from pf_fairseq.text.custom import read_custom, sort_labels
from pf_fairseq.text.tsv import Columns, Rows

PAIR = Columns(texts=(0, 2), label=1)


def write(folder: Path, **files: str) -> dict[str, Path]:
    paths = {split: folder / f"{split}.tsv" for split in files}
    for split, content in files.items():
        paths[split].write_text(content, encoding="utf-8")
    return paths


def test_pairs_with_header(tmp_path: Path) -> None:
    rows = "text\tlabel\tother\na\tyes\tb\nc\tno\td\n"
    corpus = read_custom(write(tmp_path, train=rows, valid=rows), PAIR, header=True)
    assert corpus.splits["train"] == Rows(["a", "c"], ["b", "d"], ["yes", "no"])
    assert (corpus.task, corpus.labels, corpus.pair) == ("custom", ["no", "yes"], True)
    assert corpus.metrics == ["accuracy"]


def test_sorts_numbers_as_numbers() -> None:
    assert sort_labels({"10", "9", "-1"}) == ["-1", "9", "10"]
    assert sort_labels({"10", "9", "x"}) == ["10", "9", "x"]
    assert sort_labels({"1", "01"}) == ["01", "1"]
    assert sort_labels({"1.5", "10"}) == ["1.5", "10"]


def test_test_file_may_lack_the_label_column(tmp_path: Path) -> None:
    labelled = "a\t0\nb\t1\n"
    columns = Columns((0,), 1)
    files = write(tmp_path, train=labelled, valid=labelled, test="c\n")
    assert read_custom(files, columns, header=False).splits["test"] == Rows(["c"], None, None)
    files = write(tmp_path, train=labelled, valid=labelled, test="c\t1\n")
    assert read_custom(files, columns, header=False).splits["test"] == Rows(["c"], None, ["1"])


def test_problems_of_all_files_are_named(tmp_path: Path) -> None:
    files = write(tmp_path, train="a\t0\n\t1\n", valid="b\t2\nc\n", test="d\t1\n \t1\n")
    with pytest.raises(InputError) as caught:
        read_custom(files, Columns((0,), 1), header=False)
    assert [line.split("/")[-1] for line in str(caught.value).split("\n")[1:]] == [
        "train.tsv:2: the text in column 0 is empty",
        "valid.tsv:1: the label '2' is not one of 0, 1",
        "valid.tsv:2: has 1 column instead of 2",
        "test.tsv:2: the text in column 0 is empty",
    ]


@pytest.mark.parametrize(
    ("train", "message"),
    [
        ("a\t0\nb\t0\n", "train.tsv: every row has the label '0'; two are needed"),
        ("a\t<pad>\nb\t0\n", "fairseq cannot take '<pad>' as a label"),
        ("a\tx\ry\nb\t0\n", r"fairseq cannot take 'x\\ry' as a label"),
        ("a\nb\n", r"train.tsv: lacks column 1 \(the first is 0\); it has 1"),
    ],
)
def test_labels_that_will_not_do(train: str, message: str, tmp_path: Path) -> None:
    files = write(tmp_path, train=train, valid="a\t0\n")
    with pytest.raises(InputError, match=message):
        read_custom(files, Columns((0,), 1), header=False)


@pytest.mark.parametrize(
    ("content", "header", "n_lines"),
    [
        ("text\tlabel\rred\ta\nblue\tb\n", True, "1 line (1)"),
        ("red\ta\rblue\nblue\ta\rblue\n", False, "2 lines (1, 2)"),
        ("red\ta\rblue\tb\rruby\ta\nblue\tb\nruby\ta\n", False, "1 line (1)"),
        ("red\ta\n\r\r\tb\n", False, "1 line (2)"),
    ],
)
def test_a_carriage_return_is_named_beside_what_it_does(
    content: str, header: bool, n_lines: str, *, tmp_path: Path
) -> None:
    files = write(tmp_path, valid="red\ta\nblue\tb\n")
    files = {"train": tmp_path / "train.tsv", **files}
    files["train"].write_bytes(content.encode())
    with pytest.raises(InputError) as caught:
        read_custom(files, Columns((0,), 1), header=header)
    _, cause, *problems = str(caught.value).split("\n")
    assert cause.endswith(
        f"train.tsv: holds carriage returns within {n_lines}; they end no line: save it with line "
        "feeds, or write spaces"
    )
    assert problems and not any("holds carriage returns" in problem for problem in problems)


def notes_of(folder: Path, *, header: bool = True, **files: str) -> list[str]:
    return read_custom(write(folder, **files), Columns((0,), 1), header=header).notes


def test_the_header_line_is_named(tmp_path: Path) -> None:
    rows = "text\tlabel\na\tx\nb\ty\n"
    assert notes_of(tmp_path, train=rows, valid=rows) == [
        "train.tsv: `text | label` was taken for the header line",
        "valid.tsv: `text | label` was taken for the header line",
    ]


def test_a_file_of_two_splits_is_told_of_once(tmp_path: Path) -> None:
    files = write(tmp_path, train="text\tlabel\na\tx\nb\ty\n")
    files["valid"] = files["train"]
    assert len(read_custom(files, Columns((0,), 1), header=True).notes) == 1


def test_a_header_line_that_may_be_a_row_is_said_to_be(tmp_path: Path) -> None:
    rows = "the red thing\ta\nthe blue thing\tb\nruby\ta\n"
    [note] = notes_of(tmp_path, train=rows)
    assert note == (
        "train.tsv: `the red thing | a` was taken for the header line, but 'a' is one of the "
        "classes: if it is a row, give --no-header"
    )
    assert notes_of(tmp_path, header=False, train=rows) == []


def test_texts_that_look_quoted_are_counted(tmp_path: Path) -> None:
    quoted = '"she said ""go"""\ta\nplain\tb\n'
    labels = 'one\t"a"\n"two"\t"b"\n'
    one, two = (
        notes_of(tmp_path, header=False, train=quoted),
        notes_of(tmp_path, header=False, train=labels),
    )
    assert [note.split(";")[0] for note in one + two] == [
        "train.tsv: 1 text or label looks quoted by csv rules",
        "train.tsv: 3 texts or labels look quoted by csv rules",
    ]


def test_a_carriage_return_within_a_text_is_said(tmp_path: Path) -> None:
    path = tmp_path / "train.tsv"
    path.write_bytes(b"text\tlabel\r\r\nred\rthing\ta\r\nblue\tb\r\r\nplain\ta\r\n")
    corpus = read_custom({"train": path}, Columns((0,), 1), header=True)
    assert corpus.splits["train"] == Rows(["red\rthing", "blue", "plain"], None, ["a", "b", "a"])
    assert corpus.notes == [
        "train.tsv: `text | label\\r` was taken for the header line",
        "train.tsv: holds carriage returns within 3 lines (1, 2, 3); they end no line: save it "
        "with line feeds, or write spaces",
    ]


def test_quotes_that_are_not_closed_are_counted(tmp_path: Path) -> None:
    cut = '"red\tx\nmore"\ta\n'
    assert notes_of(tmp_path, header=False, train=cut) == [
        "train.tsv: 1 field opens a quote without closing it; if a csv program wrote it around a "
        "tab or a line break, the text is cut there: write spaces instead"
    ]
    header = '"te\txt\n"red\tx\n"blue"\ty\n5" wide\ty\n'
    assert [note.split(";")[0] for note in notes_of(tmp_path, train=header)[1:]] == [
        "train.tsv: 1 text or label looks quoted by csv rules",
        "train.tsv: 2 fields open a quote without closing it",
    ]
