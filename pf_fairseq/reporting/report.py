"""`report.json` and `operating_points.json`: the numbers, for programs."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pf_fairseq.exiting.evaluation import Evaluation
from pf_fairseq.exiting.operating_points import OperatingPoint
from pf_fairseq.files import write_text

OPERATING_POINTS_VERSION = 1


def build_report(evaluation: Evaluation) -> dict[str, Any]:
    """Build the content of `report.json`.

    Scores are fractions and None without labels. A target that cannot be reached has None
    everywhere and a `reason`.
    """
    recorded = evaluation.recorded
    return {
        "task": evaluation.task,
        "n_layers": recorded.n_layers,
        "n_examples": recorded.n_sentences,
        "exit_accuracy": recorded.exit_accuracy() or [None] * recorded.n_layers,
        "operating_points": [
            _describe(point, evaluation.metrics, counts=True)
            for point in evaluation.operating_points
        ],
        "curve": [
            {"threshold": threshold, "speedup": speedup, "accuracy": accuracy}
            for threshold, speedup, accuracy in curve_rows(evaluation)
        ],
    }


def build_operating_points(task: str, points: Sequence[OperatingPoint]) -> dict[str, Any]:
    """Build the content of `operating_points.json`; the first of `points` is the default."""
    return {
        "format_version": OPERATING_POINTS_VERSION,
        "task": task,
        "default": points[0].name,
        "operating_points": [_describe(point, ["accuracy"], counts=False) for point in points],
    }


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write `content` in one step, readable and with a final newline."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def curve_rows(evaluation: Evaluation) -> list[tuple[float, float, float | None]]:
    """List threshold, speed-up and accuracy (None without labels) of the thinned curve."""
    curve = evaluation.curve.thinned()
    accuracies = [None] * len(curve) if curve.accuracy is None else curve.accuracy.tolist()
    return list(zip(curve.threshold.tolist(), curve.speedup.tolist(), accuracies, strict=True))


def _describe(point: OperatingPoint, metrics: Sequence[str], *, counts: bool) -> dict[str, Any]:
    """Turn one point into JSON."""
    reached = point.reached
    described: dict[str, Any] = {
        "name": point.name,
        "target_speedup": point.target_speedup,
        "threshold": reached and reached.threshold,
        "speedup": reached and reached.speedup,
        **{name: reached and reached.scores.get(name) for name in metrics},
    }
    if counts:
        described["exit_counts"] = reached and reached.exit_counts
    if reached is None:
        described["reason"] = point.reason
    return described
