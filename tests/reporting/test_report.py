"""`report.json`, `operating_points.json` and `curve.csv` have the contract's keys and numbers."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from pf_fairseq.exiting.evaluation import Evaluation
from pf_fairseq.exiting.policy import choose_exits, score_exits
from pf_fairseq.exiting.speedup import speedup_ratio
from pf_fairseq.modules.policies import EntropyPolicy
from pf_fairseq.reporting.curve_csv import write_curve_csv
from pf_fairseq.reporting.report import build_operating_points, build_report, write_json

from .conftest import ORIGIN, MakeEvaluation

ORIGIN_KEYS = [
    "format_version",
    "task",
    "policy",
    "checkpoint_sha256",
    "dtype",
    "min_exit_layer",
    "check_interval",
    "split",
    "reported_split",
]


def read_back(path: Path, content: dict[str, Any]) -> dict[str, Any]:
    """Write and read a report, as another program would."""
    write_json(path, content)
    text = path.read_text(encoding="utf-8")
    assert text.endswith("}\n")
    found: dict[str, Any] = json.loads(text)
    return found


def report_of(tmp_path: Path, evaluation: Evaluation) -> dict[str, Any]:
    return read_back(tmp_path / "report.json", build_report(evaluation, ORIGIN, "valid"))


def test_report_has_the_keys_of_the_contract(
    tmp_path: Path, make_evaluation: MakeEvaluation
) -> None:
    evaluation = make_evaluation(metrics=("accuracy", "f1"))
    report = report_of(tmp_path, evaluation)
    assert list(report) == [
        *ORIGIN_KEYS,
        "n_layers",
        "n_examples",
        "exit_accuracy",
        "operating_points",
        "curve",
    ]
    assert (report["task"], report["n_layers"], report["n_examples"]) == ("SST-2", 6, 200)
    assert len(report["exit_accuracy"]) == 6
    assert [point["name"] for point in report["operating_points"]] == ["1", "1.5", "2", "3", "4"]
    for point in report["operating_points"]:
        assert list(point) == [
            "name",
            "target_speedup",
            "threshold",
            "speedup",
            "accuracy",
            "f1",
            "exit_counts",
        ]
    assert all(list(row) == ["threshold", "speedup", "accuracy"] for row in report["curve"])


def test_report_agrees_with_itself(tmp_path: Path, make_evaluation: MakeEvaluation) -> None:
    evaluation = make_evaluation()
    report = report_of(tmp_path, evaluation)
    full_depth = report["operating_points"][0]
    assert full_depth["threshold"] == 0
    assert full_depth["accuracy"] == report["exit_accuracy"][-1] == report["curve"][0]["accuracy"]
    assert report["exit_accuracy"][0] == report["curve"][-1]["accuracy"]
    curve = {row["threshold"]: (row["speedup"], row["accuracy"]) for row in report["curve"]}
    for point in report["operating_points"]:
        assert point["speedup"] >= point["target_speedup"]
        assert curve[point["threshold"]] == (point["speedup"], point["accuracy"])
        exits = choose_exits(evaluation.scores, point["threshold"])
        assert speedup_ratio(exits, 6) == point["speedup"]


def test_the_curve_is_thinned_but_the_points_are_not(
    tmp_path: Path, make_evaluation: MakeEvaluation
) -> None:
    evaluation = make_evaluation(5000)
    report = report_of(tmp_path, evaluation)
    assert len(evaluation.curve) > len(report["curve"])
    assert 900 <= len(report["curve"]) <= 1000
    assert report["operating_points"][2]["speedup"] == pytest.approx(2, abs=1e-3)


def test_without_labels_scores_are_null(tmp_path: Path, make_evaluation: MakeEvaluation) -> None:
    report = report_of(tmp_path, make_evaluation(labelled=False, metrics=("accuracy", "mcc")))
    assert report["exit_accuracy"] == [None] * 6
    assert {row["accuracy"] for row in report["curve"]} == {None}
    for point in report["operating_points"]:
        assert (point["accuracy"], point["mcc"]) == (None, None)
        assert sum(point["exit_counts"]) == 200


def test_a_target_out_of_reach_is_null_with_a_reason(
    tmp_path: Path, make_evaluation: MakeEvaluation
) -> None:
    report = report_of(tmp_path, make_evaluation(n_layers=3, targets=(2.0, 4.0)))
    reached, missed = report["operating_points"]
    assert "reason" not in reached
    assert missed == {
        "name": "4",
        "target_speedup": 4.0,
        "threshold": None,
        "speedup": None,
        "accuracy": None,
        "exit_counts": None,
        "reason": "a speed-up of 4 cannot be reached on this split: even when every sentence "
        "leaves as early as it can, the speed-up is 3",
    }


def test_operating_points_have_the_keys_of_the_contract(
    tmp_path: Path, make_evaluation: MakeEvaluation
) -> None:
    evaluation = make_evaluation(targets=(3.0, 2.0))
    built = build_operating_points(evaluation, ORIGIN, "valid")
    content = read_back(tmp_path / "operating_points.json", built)
    assert list(content) == [*ORIGIN_KEYS, "n_examples", "default", "operating_points"]
    assert (content["format_version"], content["task"], content["default"]) == (2, "SST-2", "3")
    assert content["policy"] == {
        "name": "entropy",
        "parameter_unit": "nats",
        "sign": -1,
        "never": 0.0,
    }
    assert [list(point) for point in content["operating_points"]] == [
        ["name", "target_speedup", "threshold", "speedup", "accuracy"]
    ] * 2


def test_figures_are_of_the_rows_that_did_not_choose(
    tmp_path: Path, make_evaluation: MakeEvaluation
) -> None:
    evaluation = make_evaluation(300, n_choosing=100)
    choosing = make_evaluation(300).recorded.logits[:100]
    report = report_of(tmp_path, evaluation)
    assert report["n_examples"] == 200 and report["calibration"]["n_examples"] == 100
    for point, chosen in zip(
        report["operating_points"], report["calibration"]["operating_points"], strict=True
    ):
        assert point["threshold"] == chosen["threshold"]
        assert chosen["speedup"] >= point["target_speedup"]
        assert sum(point["exit_counts"]) == 200 and sum(chosen["exit_counts"]) == 100
        exits = choose_exits(evaluation.scores, point["threshold"])
        assert speedup_ratio(exits, 6) == point["speedup"]
        there = score_exits(EntropyPolicy(), choosing)
        assert speedup_ratio(choose_exits(there, point["threshold"]), 6) == chosen["speedup"]
    content = build_operating_points(evaluation, ORIGIN, "valid")
    assert content["calibration"]["n_examples"] == 100
    assert "exit_counts" not in content["calibration"]["operating_points"][0]


@pytest.mark.parametrize("labelled", [True, False])
def test_csv_is_the_curve_of_the_report(
    tmp_path: Path, make_evaluation: MakeEvaluation, labelled: bool
) -> None:
    evaluation = make_evaluation(labelled=labelled)
    write_curve_csv(tmp_path / "curve.csv", evaluation)
    with (tmp_path / "curve.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    expected = report_of(tmp_path, evaluation)["curve"]
    assert [
        {name: float(value) if value else None for name, value in row.items()} for row in rows
    ] == expected


def test_nothing_temporary_is_left(tmp_path: Path, make_evaluation: MakeEvaluation) -> None:
    write_curve_csv(tmp_path / "curve.csv", make_evaluation())
    assert [path.name for path in tmp_path.iterdir()] == ["curve.csv"]
