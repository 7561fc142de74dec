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
        {"target_speedup": 1.0, "speedup": 1.0, "accuracy": 0.875, "f1": 0.9},
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
    full = {"target_speedup": 1.0, "speedup": 1.0, "accuracy": 1.0}
    better = {**REPORT, "operating_points": [full, *REPORT["operating_points"][1:]]}
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
    assert (row["metric"], row["full_depth"]) == ("accuracy", 0.875)
    assert row["exit_accuracy"] == REPORT["exit_accuracy"]
    assert row["points"] == [
        {"target_speedup": 1.0, "speedup": 1.0, "score": 0.875, "f1": 0.9},
        {"target_speedup": 2.0, "speedup": 2.0, "score": 0.625, "f1": 0.7},
        {"target_speedup": 3.0, "speedup": None, "score": None},
    ]
    assert (row["command"], row["flags"]) == ("grid.sh", "--lr 1")


def test_of_a_plain_model_full_depth_alone_is_told(folder: Path) -> None:
    row = json.loads((folder / "results.jsonl").read_text().splitlines()[0])
    assert (row["method"], row["full_depth"]) == ("plain", 0.875)
    assert row["points"] == [{"target_speedup": 1.0, "speedup": 1.0, "score": 0.875, "f1": 0.9}]
    assert "exit_accuracy" not in row


def test_the_committed_results_say_nothing_of_untrained_exits() -> None:
    for name in ("finetuned.jsonl", "grid.jsonl"):
        for row in map(json.loads, (GLUE / "results" / name).read_text().splitlines()):
            if row["method"] == "plain":
                assert [point["target_speedup"] for point in row["points"]] == [1.0]
                assert "exit_accuracy" not in row
            assert row["metric"] == "accuracy" and row["full_depth"] == row["points"][0]["score"]


def test_scores_are_of_the_metric_that_is_named(folder: Path) -> None:
    results = ["--results", folder / "others.jsonl", "--encoder", "tiny", "--seed", 1]
    options = [*results, "--report", folder / "report.json", "--variant", "both"]
    assert _run("record.py", *options, "--task", "MRPC", "--metric", "f1").returncode == 0
    row = json.loads((folder / "others.jsonl").read_text())
    assert (row["metric"], row["full_depth"]) == ("f1", 0.9)
    assert row["points"][1] == {
        "target_speedup": 2.0,
        "speedup": 2.0,
        "score": 0.7,
        "accuracy": 0.625,
    }
    line = _run("table.py", folder / "others.jsonl").stdout.splitlines()[-1]
    assert line.startswith("| MRPC (f1) | both | 1 | 90.0 | 70.0 |")
    refused = _run("record.py", *options, "--task", "CoLA")  # whose metric is mcc
    assert refused.returncode == 2 and "has no mcc at full depth" in refused.stderr


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
    worse["operating_points"] = [
        {"target_speedup": target, "speedup": target, "accuracy": accuracy}
        for target, accuracy in ((1.0, 0.625), (2.0, 0.375), (3.0, 0.375))
    ]
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


def test_encoders_have_tables_of_their_own(folder: Path) -> None:
    lines = (folder / "results.jsonl").read_text().splitlines()
    other = {**json.loads(lines[0]), "encoder": "another", "full_depth": 0.25}
    smaller = {**json.loads(lines[1]), "n_train": 5}  # its plain twin is not there
    (folder / "two.jsonl").write_text("\n".join([*lines, *map(json.dumps, [other, smaller])]))
    found = _run("table.py", folder / "two.jsonl").stdout
    first, second = found.split("\nanother:\n")
    assert "| MRPC | both | 1 | 87.5 (+0.0) |" in first and "| 87.5 | 62.5 |" in first
    assert second.strip().splitlines()[2:] == ["| MRPC | plain-first | 1 | 25.0 |  |  |  |"]
