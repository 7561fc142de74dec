"""`pf-fairseq preprocess` as a person runs it."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from pf_fairseq.cli import preprocess
from pf_fairseq.cli.program import Parser, run_program
from pf_fairseq.text.data_bin import load_split
from pf_fairseq.text.task import TaskDescription
from pf_fairseq.text.tokenizer import load_tokenizer
from tests.text.albert_reference import albert_in_transformers
from tests.text.bert_reference import bert_in_transformers
from tests.text.fairseq_reference import count_epoch, fairseq_encoder, read_split, setup_task
from tests.text.glue_layout import LAYOUTS, dev_columns, write_task
from tests.text.small_bpe import fairseq_files, write_files
from tests.text.small_sentence_piece import MODEL, albert_files
from tests.text.small_word_piece import bert_files


def run(*arguments: object) -> int:
    parser = Parser(prog="pf-fairseq preprocess")
    preprocess.add_arguments(parser)
    try:
        return run_program(parser, preprocess.run, [str(each) for each in arguments])
    except SystemExit as leaving:  # argparse's own
        return int(leaving.code or 0)


@pytest.fixture(scope="module")
def roberta(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    folder = write_files(tmp_path_factory.mktemp("roberta"), fairseq_files())
    return ["--tokenizer", "roberta", "--tokenizer-dir", folder]


def own_files(folder: Path, content: str = "text\tlabel\na\tx\nb\ty\n") -> list[object]:
    for split in ("train", "valid"):
        (folder / f"{split}.tsv").write_text(content, encoding="utf-8")
    files = ["--train", folder / "train.tsv", "--valid", folder / "valid.tsv"]
    return [*files, "--text-column", 0, "--label-column", 1]


@pytest.mark.parametrize("task", LAYOUTS)
def test_glue_task(
    task: str, roberta: list[object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, output = write_task(tmp_path / "glue", task), tmp_path / "bin"
    assert run("--task", task, "--data-dir", data, "--output", output, *roberta) == 0
    _, texts, _, labels = LAYOUTS[task]
    description = TaskDescription.read(output)
    assert (description.task, description.labels) == (task, labels)
    assert (description.pair, description.max_tokens) == (len(texts) == 2, 128)
    separator = ["--separator-token", "2"] if description.pair else []
    flags = ["--task", "sentence_prediction", "--num-classes", str(len(labels))]
    every_row = ["--required-batch-size-multiple", "1"]
    assert description.fairseq_flags == [*flags, "--init-token", "0", *separator, *every_row]
    printed = capsys.readouterr()
    n_rows = len(labels) + 1
    assert f"Wrote {task} to {output}; labels: {', '.join(labels)}" in printed.out
    assert f"  train: {n_rows} rows of " in printed.out and "; 0 cut to 128" in printed.out
    assert printed.out.endswith(f"  {output} {' '.join(description.fairseq_flags)}\n")
    assert f"valid: {n_rows} of {n_rows} rows\n" in printed.err
    assert not (output / "input0" / "test.idx").exists()
    fairseq_task = setup_task(output, description.fairseq_flags)
    _, target = read_split(fairseq_task, "valid")
    assert target is not None and target.tolist() == [*range(len(labels)), 0]
    assert count_epoch(fairseq_task, "valid") == n_rows


@pytest.mark.parametrize("task", ["CoLA", "MRPC"])
@pytest.mark.parametrize(
    ("kind", "files"),
    [("bert", bert_files(cased=True)), ("sentencepiece", albert_files(cased=True))],
    ids=["bert", "sentencepiece"],
)
def test_glue_task_without_separator(
    kind: str, files: dict[str, bytes], task: str, *, tmp_path: Path
) -> None:
    folder = write_files(tmp_path / kind, files)
    data, output = write_task(tmp_path / "glue", task), tmp_path / "bin"
    options = ["--task", task, "--data-dir", data, "--output", output, "--tokenizer", kind]
    assert run(*options, "--tokenizer-dir", folder) == 0
    description = TaskDescription.read(output)
    assert (description.tokenizer, description.separator_token) == (kind, None)
    assert "--separator-token" not in description.fairseq_flags
    copied = {path.name: path.read_bytes() for path in (output / "tokenizer").iterdir()}
    assert copied == files
    fairseq_task = setup_task(output, description.fairseq_flags)
    assert fairseq_task.source_dictionary.index("<mask>") == description.special_tokens["mask"]
    tokenizer = load_tokenizer(kind, folder)
    assert len(fairseq_task.source_dictionary) == tokenizer.vocab_size
    columns = LAYOUTS[task][1]
    for row, sentence in enumerate(read_split(fairseq_task, "valid")[0]):
        texts = [f'"text {row} of column {column}' for column in columns]
        parts = [[*ids, 2] for ids in tokenizer.encode_batch(texts)]
        assert sentence == [0, *sum(parts, [])]


def test_splits(roberta: list[object], tmp_path: Path) -> None:
    data, output = write_task(tmp_path / "glue", "CoLA"), tmp_path / "bin"
    options = ["--task", "CoLA", "--data-dir", data, "--output", output, *roberta]
    assert run(*options, "--splits", "dev,test") == 0
    description = TaskDescription.read(output)
    assert load_split(output, "test", description).labels is None
    assert load_split(output, "valid", description).labels == [0, 1, 0]
    assert not (output / "input0" / "train.idx").exists()


def test_own_pairs_without_header(roberta: list[object], tmp_path: Path) -> None:
    options = own_files(tmp_path, "a\t10\tb\nc\t9\td\n")
    (tmp_path / "test.tsv").write_text("e\t9\tf\n")
    options += ["--text-pair-column", 2, "--no-header", "--test", tmp_path / "test.tsv"]
    assert run(*options, "--output", tmp_path / "bin", "--max-tokens", 600, *roberta) == 0
    description = TaskDescription.read(tmp_path / "bin")
    assert (description.task, description.labels, description.pair) == ("custom", ["9", "10"], True)
    assert description.fairseq_flags[-4:-2] == ["--max-positions", "600"]
    assert load_split(tmp_path / "bin", "train", description).labels == [1, 0]
    assert load_split(tmp_path / "bin", "test", description).labels == [0]


def test_header_is_the_default(roberta: list[object], tmp_path: Path) -> None:
    for flag in ([], ["--header"]):
        assert run(*own_files(tmp_path), "--output", tmp_path / "bin", *flag, *roberta) == 0
        assert TaskDescription.read(tmp_path / "bin").labels == ["x", "y"]


def test_held_rows_are_a_split_that_fairseq_reads(roberta: list[object], tmp_path: Path) -> None:
    rows = "".join(f"text {n}\t{n % 2}\n" for n in range(20))
    options = [*own_files(tmp_path, rows), "--no-header", "--output", tmp_path / "bin"]
    assert run(*options, "--hold-out", 6, *roberta) == 0
    description = TaskDescription.read(tmp_path / "bin")
    task = setup_task(tmp_path / "bin", description.fairseq_flags)
    held = load_split(tmp_path / "bin", "held", description)
    sentences, target = read_split(task, "held")
    assert (len(sentences), sentences) == (6, held.sentences)
    assert target is not None and target.tolist() == held.labels
    train = load_split(tmp_path / "bin", "train", description)
    assert len(train.sentences) == 14
    assert not {*map(tuple, train.sentences)} & {*map(tuple, held.sentences)}


def test_what_was_taken_for_header_and_quotes_is_said(
    roberta: list[object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = own_files(tmp_path, 'red\ta\nblue\tb\n"ruby"\ta\n')
    assert run(*options, "--output", tmp_path / "bin", *roberta) == 0
    printed = capsys.readouterr().out
    assert "train.tsv: `red | a` was taken for the header line, but 'a' is one of" in printed
    assert "valid.tsv: 1 text or label looks quoted by csv rules" in printed


def test_truncated_rows_are_counted(
    roberta: list[object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = own_files(tmp_path, "text\tlabel\n\u2603\t0\n\u2603\u2603\t1\n")  # 3 bytes each
    assert run(*options, "--output", tmp_path / "bin", "--max-tokens", 6, *roberta) == 0
    assert (
        "train: 2 rows of 5.5 tokens on average, 6 at most; 1 cut to 6" in capsys.readouterr().out
    )


def test_malformed_rows_are_all_named_and_nothing_is_written(
    roberta: list[object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = own_files(tmp_path)
    (tmp_path / "train.tsv").write_bytes(b"text\tlabel\na\t0\n\t1\nb\nc\xff\t0\n")
    (tmp_path / "valid.tsv").write_bytes(b"text\tlabel\na\t2\n")
    assert run(*options, "--output", tmp_path / "bin", *roberta) == 2
    lines = capsys.readouterr().err.split("\n")
    assert lines[0].startswith("pf-fairseq preprocess: The input has 4 problems;")
    assert sorted(line.split("/")[-1] for line in lines[1:5]) == [
        "train.tsv:3: the text in column 0 is empty",
        "train.tsv:4: has 1 column instead of 2",
        "train.tsv:5: is not UTF-8 (byte 0xff at position 2)",
        "valid.tsv:2: the label '2' is not one of 0, 1",
    ]
    assert not (tmp_path / "bin").exists()


OWN = ["--train", "t.tsv", "--valid", "v.tsv", "--text-column", 0, "--label-column", 1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--task and --data-dir must be given, or --train, --valid, --text-column and"),
        (["--task", "RTE"], "--data-dir must be given."),
        (["--train", "t.tsv", "--text-column", 0], "--valid and --label-column must be given."),
        (["--task", "RTE", *OWN], "--task is for GLUE and --train for own files, but both"),
        (["--splits", "dev", *OWN], "--splits is for GLUE and --train for own files, but both"),
        (["--task", "STS-B", "--data-dir", "d"], "invalid choice: 'STS-B'"),
        (["--task", "RTE", "--data-dir", "d", "--splits", "dev,valid"], "but is 'dev,valid' in"),
        (["--task", "RTE", "--data-dir", "d", "--splits", "dev,dev"], "of different names out of"),
        (["--task", "RTE", "--data-dir", "d"], "The data folder `d` does not exist"),
        ([*OWN, "--text-pair-column", 1], "must be different numbers from 0 on, but are 0, 1, 1"),
        ([*OWN, "--text-pair-column", -1], "must be different numbers from 0 on, but are 0, -1, 1"),
        (["--task", "RTE", "--data-dir", "d", "--hold-out", "x"], "invalid int value: 'x'"),
        (OWN, "`t.tsv` cannot be read (No such file or directory)."),
        ([*OWN, "--max-tokens", 2], "`max_tokens` must be at least 3 so that"),
        ([*OWN, "--max-tokens", 5, "--text-pair-column", 2], "at least 6 so that a pair keeps"),
        ([*OWN, "--max-tokens", -1], "but is -1 instead"),
        ([*OWN, "--tokenizer", "words"], "invalid choice: 'words'"),
        ([*OWN, "--tokenizer-dir", "nowhere"], "tokenizer folder `nowhere` cannot be read (No su"),
    ],
)
def test_bad_usage_is_one_sentence(
    options: list[object],
    message: str,
    *,
    roberta: list[object],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*roberta, "--output", "bin", *options) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.startswith("pf-fairseq preprocess: ") and error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_output_that_is_no_data_bin_is_kept(
    roberta: list[object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = own_files(tmp_path)
    assert run(*options, "--output", tmp_path, *roberta) == 2
    assert "would be replaced whole, but holds train.tsv, valid.tsv" in capsys.readouterr().err
    (tmp_path / "file").write_text("kept", encoding="utf-8")
    assert run(*options, "--output", tmp_path / "file", *roberta) == 2
    assert "is a file" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_data_are_said_to_be_written_where_output_cannot_be(
    roberta: list[object], tmp_path: Path
) -> None:
    options = [*own_files(tmp_path), "--output", tmp_path / "bin", *roberta]
    command = [sys.executable, "-u", "-m", "pf_fairseq.cli.main", "preprocess", *map(str, options)]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr.endswith(
        "pf-fairseq: standard output cannot be written (No space left on device); everything else "
        "was done.\n"
    )
    assert TaskDescription.read(tmp_path / "bin").labels == ["x", "y"]


def test_a_bar_on_a_terminal(
    roberta: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    assert run(*own_files(tmp_path), "--output", tmp_path / "bin", *roberta) == 0
    assert "train: 100%" in sys.stderr.getvalue()


def test_lines_of_slow_work_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(preprocess, "SECONDS_BETWEEN_LINES", -1.0)
    assert list(preprocess.track([([1],), ([2],)], name="train", total=2)) == [([1],), ([2],)]
    assert capsys.readouterr().err == "train: 1 of 2 rows\ntrain: 2 of 2 rows\n"


@pytest.mark.parametrize("task", ["SST-2", "MRPC"])
def test_real_task_equals_fairseq(
    task: str, tmp_path: Path, *, glue_dir: Path, tokenizers_dir: Path
) -> None:
    folder, output = tokenizers_dir / "roberta", tmp_path / "bin"
    options = ["--task", task, "--data-dir", glue_dir, "--splits", "dev", "--output", output]
    assert run(*options, "--tokenizer", "roberta", "--tokenizer-dir", folder) == 0
    description = json.loads((output / "task.json").read_text())
    sentences, target = read_split(setup_task(output, description["fairseq_flags"]), "valid")
    encode = fairseq_encoder(folder)
    lines = (glue_dir / task / "dev.tsv").read_text(encoding="utf-8").split("\n")[1:-1]
    rows = [line.split("\t") for line in lines]
    if task == "SST-2":
        expected = [[0, *encode(text), 2] for text, _ in rows]
    else:
        expected = [[0, *encode(row[3]), 2, 2, *encode(row[4]), 2] for row in rows]
    assert sentences == expected
    label = 1 if task == "SST-2" else 0
    assert target is not None and target.tolist() == [int(row[label]) for row in rows]


@pytest.mark.parametrize("task", ["SST-2", "MRPC", "MNLI"])
@pytest.mark.parametrize(("kind", "model"), [("bert", "bert"), ("sentencepiece", "albert")])
def test_real_task_equals_transformers(
    kind: str, model: str, task: str, *, tmp_path: Path, glue_dir: Path, tokenizers_dir: Path
) -> None:
    folder, output = tokenizers_dir / model, tmp_path / "bin"
    options = ["--task", task, "--data-dir", glue_dir, "--splits", "dev", "--output", output]
    options += ["--max-tokens", 40]
    assert run(*options, "--tokenizer", kind, "--tokenizer-dir", folder) == 0
    description = json.loads((output / "task.json").read_text())
    sentences, _ = read_split(setup_task(output, description["fairseq_flags"]), "valid")
    if kind == "bert":
        encode = bert_in_transformers(folder)
    else:
        encode = albert_in_transformers((folder / "spiece.model").read_bytes())
    columns = dev_columns(glue_dir, task)
    assert sentences == encode(*columns, truncation="longest_first", max_length=40)
    assert max(map(len, sentences)) == 40


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "needs *.model"),
        ({"a.model": b"hello, world"}, "`a.model` must be a whole sentencepiece model, but cannot"),
        ({"a.model": MODEL[:-9]}, "`a.model` must be a whole sentencepiece model, but cannot"),
        (
            {**albert_files(), "tokenizer_config.json": b'{"do_lower_case": 1}'},
            "`do_lower_case` in `tokenizer_config.json` must be true or false, but is 1 instead.",
        ),
    ],
    ids=["none", "text", "truncated", "options"],
)
def test_sentencepiece_that_is_none_is_one_sentence(
    files: dict[str, bytes], message: str, *, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_files(tmp_path / "tokenizer", files)
    options = own_files(tmp_path)
    options += ["--tokenizer", "sentencepiece", "--tokenizer-dir", folder]
    assert run(*options, "--output", tmp_path / "bin") == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.startswith("pf-fairseq preprocess: ") and error.count("\n") == 1
    assert not (tmp_path / "bin").exists()
