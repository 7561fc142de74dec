"""Splitting files into fields, and every bad line named."""

import csv
from pathlib import Path

import pytest

from pf_fairseq.errors import InputError
from pf_fairseq.text.tsv import Columns, Rows, Table, count_quoted, read_table, select_columns


def table_of(folder: Path, content: bytes, *, header: bool = True) -> Table:
    (folder / "some.tsv").write_bytes(content)
    return read_table(folder / "some.tsv", header=header)


def problems_of(table: Table) -> list[str]:
    return [problem.removeprefix(f"{table.path}:") for problem in table.problems]


def test_quotes_are_plain_text_and_only_line_feeds_end_lines(tmp_path: Path) -> None:
    content = '\ufefftext\tlabel\r\n"half\t0\nan "odd" one\u2028\x0b\r.\t1\r\n'.encode()
    table = table_of(tmp_path, content)
    assert table.header == ["text", "label"]
    assert table.lines == [(2, ['"half', "0"]), (3, ['an "odd" one\u2028\x0b\r.', "1"])]
    assert table.problems == []


def test_last_line_needs_no_line_break(tmp_path: Path) -> None:
    assert table_of(tmp_path, b"a\t0\nb\t1", header=False).lines == [
        (1, ["a", "0"]),
        (2, ["b", "1"]),
    ]


def test_selects_texts_and_labels(tmp_path: Path) -> None:
    table = table_of(tmp_path, b'1\tx\tfirst \tsecond\n 0 \tx\t<s>\t"\n', header=False)
    assert select_columns(table, Columns((2, 3), 0), ["0", "1"]) == Rows(
        ["first ", "<s>"], ["second", '"'], ["1", "0"]
    )
    assert select_columns(table, Columns((3,), None), None) == Rows(["second", '"'], None, None)
    assert table.problems == []


def test_every_bad_line_is_named(tmp_path: Path) -> None:
    lines = [
        b"text\tlabel",
        b"fine\t1",
        b"no label",
        b"a stray\ttab\t0",
        b" \t1",
        b"unknown\t2",
        b"no label\t ",
        b"caf\xe9\t0",
        b"",
        b"fine too\t0",
    ]
    table = table_of(tmp_path, b"\n".join(lines) + b"\n")
    rows = select_columns(table, Columns((0,), 1), ["0", "1"])
    assert rows.first == ["fine", "fine too"]
    assert sorted(problems_of(table)) == [
        "3: has 1 column instead of 2",
        "4: has 3 columns instead of 2",
        "5: the text in column 0 is empty",
        "6: the label '2' is not one of 0, 1",
        "7: the label in column 1 is empty",
        "8: is not UTF-8 (byte 0xe9 at position 4)",
        "9: has 1 column instead of 2",
    ]


def test_without_header_most_rows_decide_how_many_columns_there_are(tmp_path: Path) -> None:
    table = table_of(tmp_path, b"only\na\t0\nb\t1\n", header=False)
    assert select_columns(table, Columns((0,), 1), None).first == ["a", "b"]
    assert problems_of(table) == ["1: has 1 column instead of 2"]


def test_long_lists_of_labels_are_cut(tmp_path: Path) -> None:
    table = table_of(tmp_path, b"a\tx\n", header=False)
    select_columns(table, Columns((0,), 1), [str(number) for number in range(99)])
    assert problems_of(table) == [
        "1: the label 'x' is not one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ..."
    ]


@pytest.mark.parametrize("content", [b"", b"text\tlabel\n"])
def test_file_without_rows_is_a_problem(content: bytes, tmp_path: Path) -> None:
    table = table_of(tmp_path, content)
    select_columns(table, Columns((0,), 1), None)
    assert problems_of(table) == [" has no rows"]


def test_utf_16_is_one_problem(tmp_path: Path) -> None:
    table = table_of(tmp_path, "text\tlabel\na\t0\n".encode("utf-16"))
    select_columns(table, Columns((0,), 1), None)
    assert problems_of(table) == [" is UTF-16; save it as UTF-8"]


def test_column_that_no_row_has_is_one_problem(tmp_path: Path) -> None:
    table = table_of(tmp_path, b"a\t0\nb\t1\n", header=False)
    select_columns(table, Columns((0,), 5), None)
    assert problems_of(table) == [" lacks column 5 (the first is 0); it has 2"]


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere.tsv` cannot be read \(No such file"):
        read_table(tmp_path / "nowhere.tsv", header=True)
    with pytest.raises(InputError, match="cannot be read"):
        read_table(tmp_path, header=True)


def test_carriage_returns_alone_are_one_problem(tmp_path: Path) -> None:
    table = table_of(tmp_path, b"text\tlabel\rred\ta\rblue\tb\r")
    select_columns(table, Columns((0,), 1), None)
    assert problems_of(table) == [
        " ends its lines with carriage returns alone; save it with line feeds"
    ]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\n\n", b""])
@pytest.mark.parametrize("header", [False, True])
def test_a_line_feed_at_the_end_does_not_hide_them(
    end: bytes, header: bool, tmp_path: Path
) -> None:
    table = table_of(tmp_path, b"red\ta\rblue\tb\rruby\ta" + end, header=header)
    select_columns(table, Columns((0,), 1), None)
    assert problems_of(table) == [
        " ends its lines with carriage returns alone; save it with line feeds"
    ]


@pytest.mark.parametrize("end", [b"\r\n", b"\r\n\n", b"\n"])
def test_a_header_alone_has_no_rows_and_no_carriage_returns(end: bytes, tmp_path: Path) -> None:
    table = table_of(tmp_path, b"text\tlabel" + end)
    assert (table.problems, table.carriage_returns) == ([], [])


def test_lines_that_csv_quoting_broke_say_so(tmp_path: Path) -> None:
    rows = [("two\nlines", "b"), ("a\ttab", "a"), ('an "odd" one', "a")]
    with (tmp_path / "some.tsv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t", lineterminator="\n").writerows(rows)
    table = read_table(tmp_path / "some.tsv", header=False)
    select_columns(table, Columns((0,), 1), None)
    quote = (
        "; it opens a quote that it does not close, as csv programs write a text that holds a tab "
        "or a line break: quotes are plain text here, so write spaces instead"
    )
    assert problems_of(table) == [
        f"1: has 1 column instead of 2{quote}",
        f"3: has 3 columns instead of 2{quote}",
    ]


def test_a_label_behind_an_open_quote_says_so(tmp_path: Path) -> None:
    table = table_of(tmp_path, b'"red\tx\nmore"\ta\nred\ty\n', header=False)
    assert select_columns(table, Columns((0,), 1), ["a"]).first == ['more"']
    first, second = problems_of(table)
    assert first.startswith("1: the label 'x' is not one of a; it opens a quote that it does not")
    assert second == "3: the label 'y' is not one of a"


def test_lines_that_carriage_returns_joined_are_a_cause(tmp_path: Path) -> None:
    table = table_of(tmp_path, b"a\t0\r\nb\t1\rc\t0\nd\t1\n\xff\r\t0\n", header=False)
    assert select_columns(table, Columns((0,), 1), None).first == ["a", "d"]
    assert problems_of(table)[1:] == ["2: has 3 columns instead of 2"]
    assert table.causes() == [
        f"{table.path}: holds carriage returns within 2 lines (2, 4); they end no line: save it "
        "with line feeds, or write spaces"
    ]


def test_long_lists_of_lines_are_cut(tmp_path: Path) -> None:
    table = table_of(tmp_path, b"a\rb\t0\n" * 11, header=False)
    [note] = table.carriage_return_notes()
    assert "within 11 lines (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...); they" in note


def test_a_header_that_opens_a_quote_is_a_cause(tmp_path: Path) -> None:
    table = table_of(tmp_path, b'"te\nxt"\tlabel\na\t0\n')
    select_columns(table, Columns((0,), 1), None)
    assert problems_of(table) == [" lacks column 1 (the first is 0); it has 1"]
    [cause] = table.causes()
    assert cause.startswith(f"{table.path}:1: the header line opens a quote that it does not close")


def test_quoting_by_csv_rules_is_told_from_a_quote(tmp_path: Path) -> None:
    texts = ['say "go"', '"all of it"', '"half', '"a" and "b"', '"', "plain", "", 'a\nb "c" d']
    assert count_quoted(texts) == 1, "only the second opens and closes once"
    with (tmp_path / "some.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\x1f", lineterminator="\x1e").writerows([[t] for t in texts])
    written = (tmp_path / "some.csv").read_text(encoding="utf-8").split("\x1e")[:-1]
    needs_quotes = [text for text in texts if '"' in text or not text]
    assert count_quoted(written) == len(needs_quotes)


def test_broken_rows_can_be_dropped_and_are_counted(tmp_path: Path) -> None:
    lines = [b"fine\t1", b"cut", b" \t1", b"also\tcut\t0", b"", b"fine too\t0"]
    table = table_of(tmp_path, b"\n".join(lines) + b"\n", header=False)
    rows = select_columns(table, Columns((0,), 1), ["0", "1"], drop_broken=True)
    assert rows == Rows(["fine", "fine too"], None, ["1", "0"])
    assert table.problems == []
    assert table.dropped == {
        "has 1 column instead of 2": [2, 5],
        "the text in column 0 is empty": [3],
        "has 3 columns instead of 2": [4],
    }


def test_a_bad_label_is_never_dropped(tmp_path: Path) -> None:
    table = table_of(tmp_path, b"a\t2\nb\t\n", header=False)
    select_columns(table, Columns((0,), 1), ["0", "1"], drop_broken=True)
    assert problems_of(table) == [
        "1: the label '2' is not one of 0, 1",
        "2: the label in column 1 is empty",
    ]
    assert table.dropped == {}


def test_rows_by_number() -> None:
    rows = Rows(["a", "b", "c"], ["x", "y", "z"], ["0", "1", "0"])
    assert rows.take([2, 0]) == Rows(["c", "a"], ["z", "x"], ["0", "0"])
    assert Rows(["a", "b"]).take([1]) == Rows(["b"], None, None)
