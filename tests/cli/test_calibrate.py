"""`pf-fairseq calibrate` on a real checkpoint of a tiny model."""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pf_fairseq.artefact.operating_points import read_operating_points
from pf_fairseq.cli.main import main

if TYPE_CHECKING:
    from tests.conftest import TinyCheckpoint


def calibrate(tiny: "TinyCheckpoint", output: Path, *options: str) -> int:
    """Run the command and return its exit status."""
    source = ["--checkpoint", str(tiny.path), "--data", str(tiny.data)]
    return main(["calibrate", *source, "--output", str(output), *options])


def test_writes_the_points_of_evaluate(
    tiny_checkpoint: "TinyCheckpoint", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new" / "operating_points.json"
    assert calibrate(tiny_checkpoint, path, "--speedup", "1.5", "1.2") == 0
    assert f"Written to {path}; the default is 1.5x" in capsys.readouterr().out
    content = json.loads(path.read_text(encoding="utf-8"))
    assert (content["format_version"], content["default"]) == (2, "1.5")
    sha256 = hashlib.sha256(tiny_checkpoint.path.read_bytes()).hexdigest()
    assert (content["checkpoint_sha256"], content["dtype"]) == (sha256, "float32")
    assert (content["min_exit_layer"], content["check_interval"]) == (1, 1)
    assert (content["split"], content["reported_split"]) == ("valid", "valid")
    assert content["policy"]["name"] == "entropy"
    source = ["--checkpoint", str(tiny_checkpoint.path), "--data", str(tiny_checkpoint.data)]
    report_folder = tmp_path / "report"
    assert main(["evaluate", *source, "--output", str(report_folder), "--speedups", "1.5,1.2"]) == 0
    report = json.loads((report_folder / "report.json").read_text(encoding="utf-8"))
    for point, evaluated in zip(
        content["operating_points"], report["operating_points"], strict=True
    ):
        assert list(point) == ["name", "target_speedup", "threshold", "speedup", "accuracy"]
        assert point == {name: evaluated[name] for name in point}


def test_the_exporter_reads_what_is_written(
    tiny_checkpoint: "TinyCheckpoint", tmp_path: Path
) -> None:
    path = tmp_path / "operating_points.json"
    flags = ("--min-exit-layer", "2", "--check-interval", "2", "--calibration-split", "train:0.5")
    assert calibrate(tiny_checkpoint, path, "--speedup", "1.1", "1", *flags) == 0
    sha256 = hashlib.sha256(tiny_checkpoint.path.read_bytes()).hexdigest()
    found = read_operating_points(path, task="custom", checkpoint_sha256=sha256, dtype="float32")
    assert ([point.name for point in found.points], found.default) == (["1.1", "1"], "1.1")
    assert found.points[1].threshold == 0
    assert found.origin is not None and found.origin.split == "train:0.5"
    assert (found.origin.min_exit_layer, found.origin.check_interval) == (2, 2)


def test_refuses_what_cannot_be_reached(
    tiny_checkpoint: "TinyCheckpoint", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "operating_points.json"
    assert calibrate(tiny_checkpoint, path, "--speedup", "1", "99", "98") == 2
    error = capsys.readouterr().err
    assert "`--speedup 99 98`: a speed-up of 99 cannot be reached on this split" in error
    assert list(tmp_path.iterdir()) == []


def test_refuses_bad_speedups(
    tiny_checkpoint: "TinyCheckpoint", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert calibrate(tiny_checkpoint, tmp_path / "a.json", "--speedup", "0.9") == 2
    assert "must be a number of at least 1" in capsys.readouterr().err


def test_needs_a_speedup(
    tiny_checkpoint: "TinyCheckpoint", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        calibrate(tiny_checkpoint, tmp_path / "a.json")
    assert left.value.code == 2
    assert "the following arguments are required: --speedup" in capsys.readouterr().err


def test_refuses_outputs_that_cannot_be_written(
    tiny_checkpoint: "TinyCheckpoint", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert calibrate(tiny_checkpoint, tmp_path, "--speedup", "2") == 2
    assert "is a folder, but a file is to be written there" in capsys.readouterr().err
    (tmp_path / "file").write_text("kept", encoding="utf-8")
    assert calibrate(tiny_checkpoint, tmp_path / "file" / "a.json", "--speedup", "2") == 2
    assert "is a file, but a folder is to be written there" in capsys.readouterr().err
