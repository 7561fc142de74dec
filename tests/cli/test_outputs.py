"""No command writes over one of its own inputs, however the path is spelled."""

import os
from pathlib import Path

import pytest

from pf_fairseq.cli.main import main
from pf_fairseq.cli.outputs import check_not_an_input, check_output_file
from pf_fairseq.errors import InputError


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a checkpoint, a data-bin, points, texts, and links to them."""
    (tmp_path / "ck").mkdir()
    (tmp_path / "bin" / "tokenizer").mkdir(parents=True)
    for name in ("ck/last.pt", "bin/task.json", "points.json", "train.tsv", "valid.tsv"):
        (tmp_path / name).write_text(f"content of {name}")
    (tmp_path / "link.pt").symlink_to("ck/last.pt")
    (tmp_path / "linked").symlink_to("ck")
    os.link(tmp_path / "ck" / "last.pt", tmp_path / "hard.pt")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(place: Path) -> dict[str, str]:
    return {str(path): path.read_text() for path in sorted(place.rglob("*")) if path.is_file()}


SPELLINGS = [
    "ck/last.pt",
    "./ck/../ck/last.pt",
    "link.pt",
    "linked/last.pt",
    "hard.pt",
    "{}/link.pt",
]
CHECKPOINT = ["--checkpoint", "ck/last.pt"]
DATA = ["--data", "bin"]
TEXTS = ["--train", "train.tsv", "--valid", "valid.tsv", "--text-column", "0"]
TEXTS += ["--label-column", "1", "--tokenizer", "bert", "--tokenizer-dir", "bin/tokenizer"]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize(
    "command", [["calibrate", *DATA, "--speedup", "2"], ["export", *DATA], ["evaluate", *DATA]]
)
def test_a_checkpoint(
    command: list[str], spelling: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(place)
    output = spelling.format(place)
    assert main([*command, *CHECKPOINT, "--output", output]) == 2
    error = capsys.readouterr().err
    assert f"`--output` `{Path(output)}` is an input of the same command, `--checkpoint`" in error
    assert contents(place) == before


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["calibrate", *CHECKPOINT, *DATA, "--speedup", "2", "--output", "bin/task.json"], "lies"),
        (["calibrate", *CHECKPOINT, *DATA, "--speedup", "2", "--output", "bin/new.json"], "lies"),
        (["evaluate", *CHECKPOINT, *DATA, "--output", "bin"], "is an"),
        (["evaluate", *CHECKPOINT, *DATA, "--output", "bin/new"], "lies"),
        (["export", *CHECKPOINT, *DATA, "--output", "bin/task.json"], "lies"),
        (
            ["export", *CHECKPOINT, "--operating-points", "points.json", "--output", "points.json"],
            "is an",
        ),
        (["preprocess", *TEXTS, "--output", "train.tsv"], "is an"),
        (["preprocess", *TEXTS, "--output", "bin/tokenizer"], "is an"),
        (["preprocess", *TEXTS, "--output", "bin"], "would be replaced and with it"),
        (["convert", "--from", "bin", "--output", "bin"], "is an"),
        (["convert", "--from", "ck/last.pt", *DATA, "--output", "ck"], "would be replaced"),
        (["convert", "--from", "ck/last.pt", *DATA, "--output", "."], "would be replaced"),
    ],
)
def test_every_other_input(
    arguments: list[str], what: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(place)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert f"`--output` `{arguments[-1]}` {what}" in error and error.count("\n") == 1
    assert contents(place) == before


def test_names_of_files_that_an_evaluation_writes(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "out").mkdir()
    (place / "out" / "report.json").symlink_to(place / "ck" / "last.pt")
    assert main(["evaluate", *CHECKPOINT, *DATA, "--output", "out"]) == 2
    assert "out/report.json` is an input of the same command" in capsys.readouterr().err
    assert (place / "ck" / "last.pt").read_text() == "content of ck/last.pt"


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        (["calibrate", *CHECKPOINT, *DATA, "--speedup", "2"], "pipe"),
        (["export", *CHECKPOINT, *DATA], "pipe"),
        (["evaluate", *CHECKPOINT, *DATA], "out"),
    ],
)
def test_a_pipe_is_refused_before_the_long_work(
    arguments: list[str], output: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "out").mkdir()
    pipe = {"pipe": Path("pipe"), "out": Path("out/curve.csv")}[output]
    os.mkfifo(pipe)
    assert main([*arguments, "--output", output]) == 2
    error = capsys.readouterr().err
    assert f"`{pipe}` is a pipe, device or socket, which" in error and error.count("\n") == 1
    assert pipe.is_fifo()
    with pytest.raises(InputError, match="choose another output path"):
        check_output_file(pipe)
    check_output_file(Path("link.pt"))


def test_other_paths_are_let_through(place: Path) -> None:
    inputs = {"--checkpoint": Path("ck/last.pt"), "--data": Path("bin"), "--more": None}
    for output in ("ck/other.pt", "new/folder/x.pt", "bin2", "."):
        check_not_an_input(Path(output), inputs)
    check_not_an_input(Path("ck/new"), {"--from": Path("ck")}, folder=True)
    with pytest.raises(InputError, match="nothing was touched, choose another output path"):
        check_not_an_input(Path("ck"), inputs, folder=True)
