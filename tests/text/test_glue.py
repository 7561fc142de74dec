"""GLUE's layouts, on files of their shape and on the real ones."""

import csv
import re
from pathlib import Path

import pytest

from pf_fairseq.errors import InputError
from pf_fairseq.text.glue import GLUE_TASKS, read_glue
from pf_fairseq.text.tsv import Rows
from tests.text.glue_layout import LAYOUTS, write_task


@pytest.mark.parametrize("task", LAYOUTS)
def test_reads_the_official_layout(task: str, tmp_path: Path) -> None:
    _, texts, _, labels = LAYOUTS[task]
    corpus = read_glue(task, write_task(tmp_path, task), ["train", "dev", "test"])
    expected = [
        [f'"text {row} of column {column}' for row in range(len(labels) + 1)] for column in texts
    ]
    second = expected[1] if len(texts) == 2 else None
    assert corpus.splits["train"] == Rows(expected[0], second, [*labels, labels[0]])
    assert corpus.splits["valid"] == corpus.splits["train"]
    assert corpus.splits["test"].labels is None
    assert corpus.splits["test"].first[0].endswith(" of test")
    assert (corpus.task, corpus.labels, corpus.pair) == (task, labels, len(texts) == 2)


def test_carriage_returns_within_texts_are_said(tmp_path: Path) -> None:
    write_task(tmp_path, "SST-2")
    [path] = tmp_path.rglob("dev.tsv")
    path.write_bytes(b"sentence\tlabel\r\na\rb\t0\r\nc\t1\r\n")
    corpus = read_glue("SST-2", tmp_path, ["train", "dev"])
    assert corpus.splits["valid"].first == ["a\rb", "c"]
    assert corpus.notes == [
        "dev.tsv: holds carriage returns within 1 line (2); they end no line: save it with line "
        "feeds, or write spaces"
    ]
    path.write_bytes(b"sentence\tlabel\r\r\na\t0\r\r\n")
    with pytest.raises(InputError) as caught:
        read_glue("SST-2", tmp_path, ["dev"])
    _, cause, problem = str(caught.value).split("\n")
    assert "dev.tsv: holds carriage returns within 2 lines (1, 2); they" in cause
    assert problem.endswith("the header lacks the column label; it has sentence, label\\r")


def test_metrics() -> None:
    extra = {name: list(task.metrics[1:]) for name, task in GLUE_TASKS.items()}
    assert all(task.metrics[0] == "accuracy" for task in GLUE_TASKS.values())
    assert extra == {name: [] for name in LAYOUTS} | {
        "MRPC": ["f1"],
        "QQP": ["f1"],
        "CoLA": ["mcc"],
    }


def test_folder_of_the_task_itself_will_do(tmp_path: Path) -> None:
    write_task(tmp_path, "RTE")
    assert read_glue("RTE", tmp_path / "RTE", ["dev"]) == read_glue("RTE", tmp_path, ["dev"])


@pytest.mark.parametrize("task", LAYOUTS)
def test_real_files_equal_the_csv_module(task: str, glue_dir: Path) -> None:
    header, texts, label, _ = LAYOUTS[task]
    corpus = read_glue(task, glue_dir, ["train", "dev"])
    with (glue_dir / task / "train.tsv").open(encoding="utf-8-sig", newline="\n") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    rows = rows if header is None else rows[1:]
    train = corpus.splits["train"]
    assert train.first == [row[texts[0]] for row in rows]
    assert train.second == ([row[texts[1]] for row in rows] if len(texts) == 2 else None)
    assert train.labels == [row[label] for row in rows]
    assert set(corpus.splits["valid"].labels or []) == set(corpus.labels)


def test_bad_lines_of_all_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_glue("QNLI", write_task(tmp_path, "QNLI", bad_line=True), ["train", "dev"])
    assert str(caught.value).split("\n") == [
        "The input has 2 problems; mend what is named here (nothing was written):",
        f"  {tmp_path}/QNLI/train.tsv:3: has 1 column instead of 4",
        f"  {tmp_path}/QNLI/dev.tsv:3: has 1 column instead of 4",
    ]


def published_qqp(folder: Path) -> Path:
    """QQP as GLUE has it: rows cut in two by line breaks, and empty second questions."""
    lines = [
        "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate",
        "1\t1\t2\twhy ?\thow ?\t0",
        "2\t3\t4\twhat is",
        "this ?\twhat ?\t1",
        "3\t5\t6\twho ?\t\t0",
        "4\t7\t8\twhere ?\twhere is it ?\t1",
    ]
    (folder / "QQP").mkdir()
    for split in ("train", "dev"):
        (folder / "QQP" / f"{split}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    test = "id\tquestion1\tquestion2\n0\twhy ?\thow ?\n1\twho ?\t\n"
    (folder / "QQP" / "test.tsv").write_text(test, encoding="utf-8")
    return folder


def test_broken_rows_of_qqp_are_left_out_and_counted(tmp_path: Path) -> None:
    corpus = read_glue("QQP", published_qqp(tmp_path), ["train", "dev"])
    expected = Rows(["why ?", "where ?"], ["how ?", "where is it ?"], ["0", "1"])
    assert corpus.splits == {"train": expected, "valid": expected}
    assert corpus.notes == [
        f"{split}.tsv: 3 broken rows of 5 left out, as QQP is published with some "
        "(1: has 3 columns instead of 6; 1: has 4 columns instead of 6; 1: the text in column 4 "
        "is empty); lines 3, 4, 5"
        for split in ("train", "dev")
    ]


def test_no_row_of_a_test_file_is_left_out(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="test.tsv:3: the text in column 2 is empty"):
        read_glue("QQP", published_qqp(tmp_path), ["train", "test"])


def test_only_qqp_may_be_broken() -> None:
    assert [name for name, task in GLUE_TASKS.items() if task.drops_broken] == ["QQP"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "train.tsv: is empty"),
        (b"sentence\tnote\na\t0\n", "train.tsv:1: the header lacks the column label; it has sent"),
        (b"sent\xff\tlabel\na\t0\n", "train.tsv:1: is not UTF-8 (byte 0xff at position 5)"),
        (b"sentence\tlabel\n", "train.tsv: has no rows"),
    ],
)
def test_bad_header(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "train.tsv").write_bytes(content)
    with pytest.raises(InputError, match=re.escape(message)):
        read_glue("SST-2", tmp_path, ["train"])


def test_missing_folder_and_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere` does not exist"):
        read_glue("RTE", tmp_path / "nowhere", ["train"])
    with pytest.raises(InputError, match="holds neither a folder `RTE` nor .tsv files"):
        read_glue("RTE", tmp_path, ["train"])
    (tmp_path / "RTE").mkdir()
    with pytest.raises(InputError, match="RTE/train.tsv` cannot be read"):
        read_glue("RTE", tmp_path, ["train"])
