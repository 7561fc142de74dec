"""`pf-fairseq evaluate` on a real checkpoint of a tiny model."""

import csv
import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pf_fairseq.cli.main import main
from pf_fairseq.methods import METHODS
from pf_fairseq.text.data_bin import load_split
from pf_fairseq.trained import loading as trained
from tests.reference import exiting as naive

if TYPE_CHECKING:
    from tests.conftest import TinyCheckpoint

FILES = ["curve.csv", "curve.png", "exits.png", "logits.npz", "report.json"]


def evaluate(tiny: "TinyCheckpoint", output: Path, *options: str) -> int:
    """Run the command and return its exit status."""
    source = ["--checkpoint", str(tiny.path), "--data", str(tiny.data)]
    return main(["evaluate", *source, "--output", str(output), *options])


@pytest.fixture(scope="module")
def output(tiny_checkpoint: "TinyCheckpoint", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one run over the labelled split writes."""
    folder = tmp_path_factory.mktemp("evaluate") / "new" / "folder"
    assert evaluate(tiny_checkpoint, folder, "--split", "valid", "--speedups", "1,1.2,99") == 0
    return folder


def test_writes_every_file_and_nothing_else(output: Path) -> None:
    assert sorted(path.name for path in output.iterdir()) == FILES


def test_report_follows_from_the_recorded_logits(output: Path) -> None:
    report = json.loads((output / "report.json").read_text(encoding="utf-8"))
    with np.load(output / "logits.npz") as arrays:
        logits, targets = arrays["logits"], arrays["targets"]
    n_sentences, n_layers, _ = logits.shape
    assert (report["n_examples"], report["n_layers"]) == (n_sentences, n_layers)
    right = logits.argmax(-1) == targets[:, None]
    assert report["exit_accuracy"] == pytest.approx(right.mean(0))
    entropies = [[naive.entropy(exit_) for exit_ in row] for row in logits.tolist()]
    for point in report["operating_points"][:2]:
        checked = list(range(1, n_layers))
        exits = [naive.exit_of(row, point["threshold"], checked) for row in entropies]
        assert point["exit_counts"] == [exits.count(layer + 1) for layer in range(n_layers)]
        assert point["speedup"] == naive.speedup(exits, n_layers) >= point["target_speedup"]
        answers = right[np.arange(n_sentences), np.array(exits) - 1]
        assert point["accuracy"] == pytest.approx(answers.mean())
    missed = report["operating_points"][2]
    assert missed["threshold"] is None
    assert "a speed-up of 99 cannot be reached" in missed["reason"]


def test_csv_holds_the_curve(output: Path) -> None:
    report = json.loads((output / "report.json").read_text(encoding="utf-8"))
    with (output / "curve.csv").open(encoding="utf-8", newline="") as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    assert rows == report["curve"]


def test_logits_stand_in_the_order_of_the_data(
    tiny_checkpoint: "TinyCheckpoint", output: Path
) -> None:
    loaded = trained.load_trained_model(tiny_checkpoint.path, tiny_checkpoint.data)
    split = load_split(loaded.data, "valid", loaded.task)
    with np.load(output / "logits.npz") as arrays:
        assert arrays["targets"].tolist() == split.labels
        for number in (0, len(split.sentences) // 2, len(split.sentences) - 1):
            with torch.no_grad():
                alone = loaded.model.exit_logits(torch.tensor([split.sentences[number]]))
            np.testing.assert_allclose(arrays["logits"][number], alone[0], atol=1e-5, rtol=1e-4)


def test_prints_the_table(
    tiny_checkpoint: "TinyCheckpoint", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(tiny_checkpoint, tmp_path, "--speedups", "1,1.1") == 0
    printed = capsys.readouterr()
    assert "target  threshold  speed-up  accuracy   leaving at exit, %" in printed.out
    assert f"Written to {tmp_path}: report.json" in printed.out
    assert "DEBUG" not in printed.err


@pytest.mark.parametrize("speedups", ["0.5", "nan", "inf", "two", "1,,2", ""])
def test_refuses_bad_speedups(
    tiny_checkpoint: "TinyCheckpoint",
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    speedups: str,
) -> None:
    assert evaluate(tiny_checkpoint, tmp_path / "out", "--speedups", speedups) == 2
    assert "A speed-up must be a number of at least 1" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_refuses_a_speedup_named_twice(
    tiny_checkpoint: "TinyCheckpoint", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(tiny_checkpoint, tmp_path / "out", "--speedups", "2,2.0") == 2
    assert "The speed-up 2 is asked for twice" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value"),
    [("--checkpoint", "no/such.pt"), ("--data", "no/such/folder"), ("--split", "holdout")],
)
def test_refuses_what_is_not_there(
    tiny_checkpoint: "TinyCheckpoint",
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    option: str,
    value: str,
) -> None:
    assert evaluate(tiny_checkpoint, tmp_path / "out", option, value) == 2
    error = capsys.readouterr().err
    assert value in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_refuses_a_file_as_output(
    tiny_checkpoint: "TinyCheckpoint", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("kept", encoding="utf-8")
    for output in (tmp_path / "file", tmp_path / "file" / "below"):
        assert evaluate(tiny_checkpoint, output) == 2
        assert "is a file, but a folder is to be written there" in capsys.readouterr().err
    assert (tmp_path / "file").read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize(
    ("max_positions", "value", "message"),
    [
        (512, math.nan, "gives NaN or infinite logits for 60 of 60 sentences; its training"),
        (4, 0.0, "tokens, but the model takes at most 4; run `pf-fairseq preprocess` again"),
    ],
)
def test_refuses_a_model_that_cannot_answer(
    tiny_checkpoint: "TinyCheckpoint",
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    max_positions: int,
    value: float,
    message: str,
) -> None:
    class Broken(nn.Linear):
        def record_exits(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
            logits = torch.full((tokens.size(0), 4, 2), value)
            return logits, logits[..., :0]

        n_layers = 4
        method = METHODS["past_future"]

        def max_positions(self) -> int:
            return max_positions

    def load(checkpoint: Path, data: Path) -> trained.TrainedModel:
        return replace(loaded, model=Broken(1, 1))

    loaded = trained.load_trained_model(tiny_checkpoint.path, tiny_checkpoint.data)
    monkeypatch.setattr(trained, "load_trained_model", load)
    assert evaluate(tiny_checkpoint, tmp_path / "out") == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_refuses_a_submission_of_what_is_not_glue(
    tiny_checkpoint: "TinyCheckpoint", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(tiny_checkpoint, tmp_path / "out", "--submission") == 2
    assert "the task is 'custom'; leave it out" in capsys.readouterr().err


def test_submits_an_unlabelled_split(
    tiny_checkpoint: "TinyCheckpoint", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "bin"
    shutil.copytree(tiny_checkpoint.data, data)
    for path in (data / "label").glob("valid.*"):
        path.unlink()
    task = json.loads((data / "task.json").read_text(encoding="utf-8"))
    (data / "task.json").write_text(json.dumps({**task, "task": "SST-2"}), encoding="utf-8")
    output = tmp_path / "out"
    options = ("--data", str(data), "--submission", "--speedups", "1,1.2,99")
    assert evaluate(tiny_checkpoint, output, *options) == 0
    assert sorted(path.name for path in output.iterdir()) == sorted([*FILES, "submission"])
    report = json.loads((output / "report.json").read_text(encoding="utf-8"))
    assert set(report["exit_accuracy"]) == {None}
    with np.load(output / "logits.npz") as arrays:
        assert list(arrays) == ["logits"]
        answers = arrays["logits"][:, -1].argmax(-1)
    full_depth = (output / "submission" / "1x" / "SST-2.tsv").read_text(encoding="utf-8")
    expected = [f"{row}\t{task['labels'][answer]}" for row, answer in enumerate(answers)]
    assert full_depth.splitlines() == ["index\tprediction", *expected]
    assert sorted(path.name for path in (output / "submission").iterdir()) == ["1.2x", "1x"]
    assert "accuracy" not in capsys.readouterr().out
