"""The file of results that the recipes write, and the table made of it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

GLUE = Path(__file__).parents[2] / "examples" / "glue"
REPORT = {
    "n_examples": 8,
    "exit_accuracy": [0.5, 0.625, 0.875],
    "operating_points": [
        {"target_speedup": 2.0, "speedup": 2.0, "accuracy": 0.625, "f1": 0.7},
        {"target_speedup": 3.0, "speedup": None, "accuracy": None},
    ],
}


def _run(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(GLUE / program), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _record(
    folder: Path, variant: str, *arguments: object, seed: int = 1
) -> subprocess.CompletedProcess[str]:
    cell = ["--results", folder / "results.jsonl", "--task", "MRPC", "--variant", variant]
    return _run("record.py", *cell, "--seed", seed, "--encoder", "tiny", *arguments)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Results of a plain model and one with exits."""
    (tmp_path / "report.json").write_text(json.dumps(REPORT))
    for variant in ("plain-first", "both"):
        options = ["--report", tmp_path / "report.json", "--n-train", 99]
        done = _record(tmp_path, variant, *options, "--flags", "--lr 1", "--command", "grid.sh")
        assert done.returncode == 0, done.stderr
    return tmp_path


def test_a_cell_stands_there_once(folder: Path) -> None:
    assert _record(folder, "both", "--has").returncode == 0
    assert _record(folder, "mean", "--has").returncode == 1
    assert _record(folder, "both", "--has", seed=2).returncode == 1
    better = {**REPORT, "exit_accuracy": [0.5, 0.625, 1.0]}
    (folder / "report.json").write_text(json.dumps(better))
    assert _record(folder, "both", "--report", folder / "report.json").returncode == 0
    rows = [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]
    assert [(row["variant"], row["full_depth"]) for row in rows] == [
        ("plain-first", 0.875),
        ("both", 1.0),
    ]


def test_what_a_line_says(folder: Path) -> None:
    row = json.loads((folder / "results.jsonl").read_text().splitlines()[1])
    assert (row["method"], row["n_train"], row["n_eval"], row["seed"]) == ("past_future", 99, 8, 1)
    assert row["points"] == [
        {"target_speedup": 2.0, "speedup": 2.0, "score": 0.625, "f1": 0.7},
        {"target_speedup": 3.0, "speedup": None, "score": None},
    ]
    assert (row["command"], row["flags"]) == ("grid.sh", "--lr 1")


def test_table(folder: Path) -> None:
    lines = _run("table.py", folder / "results.jsonl").stdout.splitlines()
    assert lines[2:] == [
        "| MRPC | plain-first | 1 | 87.5 |  |  |  |",
        "| MRPC | both | 1 | 87.5 (+0.0) | 62.5 (-25.0) | not reached | 50.0 62.5 87.5 |",
    ]
    alone = folder / "alone.jsonl"  # nothing to compare with
    alone.write_text((folder / "results.jsonl").read_text().splitlines()[1])
    line = _run("table.py", alone).stdout.splitlines()[-1]
    assert line == "| MRPC | both | 1 | 87.5 | 62.5 | not reached | 50.0 62.5 87.5 |"


def test_table_of_two_seeds(folder: Path) -> None:
    worse = {**REPORT, "exit_accuracy": [0.5, 0.375, 0.625]}
    worse["operating_points"] = [{"target_speedup": t, "accuracy": 0.375} for t in (2.0, 3.0)]
    for point in worse["operating_points"]:
        point["speedup"] = point["target_speedup"]
    (folder / "report.json").write_text(json.dumps(worse))
    options = ["--report", folder / "report.json", "--n-train", 99, "--flags", "--lr 1"]
    assert _record(folder, "both", *options, seed=2).returncode == 0
    line = _run("table.py", folder / "results.jsonl").stdout.splitlines()[-1]
    assert (
        line == "| MRPC | both | 2 | 75.0 (-12.5) | 50.0 (-37.5) | not reached | 50.0 50.0 75.0 |"
    )
    options[-1] = "--lr 2"  # another recipe, of which no mean is taken
    assert _record(folder, "both", *options, seed=2).returncode == 0
    lines = _run("table.py", folder / "results.jsonl").stdout.splitlines()
    assert [line.split(" | ")[2] for line in lines[2:]] == ["1", "1", "1"]
