"""`report.json` and `operating_points.json`: the numbers, for programs."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pf_fairseq.exiting.evaluation import Evaluation
from pf_fairseq.exiting.operating_points import FoundPoint
from pf_fairseq.exiting.point import PointOrigin
from pf_fairseq.files import write_text

FORMAT_VERSION = 2


def build_report(
    evaluation: Evaluation, origin: PointOrigin, reported_split: str
) -> dict[str, Any]:
    """Build the content of `report.json`.

    Scores are fractions and None without labels. A target that cannot be reached has None
    everywhere and a `reason`.

    Args:
        evaluation: what was found.
        origin: what the points were chosen with; its `split` names the rows they were chosen on.
        reported_split: names the rows that all figures are of, but those under `calibration`.
    """
    recorded = evaluation.recorded
    content: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        **origin.to_dict(),
        "reported_split": reported_split,
        "n_layers": recorded.n_layers,
        "n_examples": recorded.n_sentences,
        "exit_accuracy": recorded.exit_accuracy() or [None] * recorded.n_layers,
        "operating_points": _describe_all(
            evaluation.operating_points, evaluation.metrics, counts=True
        ),
    }
    if evaluation.calibration is not None:
        content["calibration"] = _describe_calibration(evaluation, counts=True)
    content["curve"] = [
        {"threshold": threshold, "speedup": speedup, "accuracy": accuracy}
        for threshold, speedup, accuracy in curve_rows(evaluation)
    ]
    return content


def build_operating_points(
    evaluation: Evaluation, origin: PointOrigin, reported_split: str
) -> dict[str, Any]:
    """Build the content of `operating_points.json`; the first point is the default.

    Arguments are those of `build_report`.
    """
    points = evaluation.operating_points
    content: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        **origin.to_dict(),
        "reported_split": reported_split,
        "n_examples": evaluation.recorded.n_sentences,
        "default": points[0].name,
        "operating_points": _describe_all(points, ["accuracy"], counts=False),
    }
    if evaluation.calibration is not None:
        content["calibration"] = _describe_calibration(evaluation, counts=False)
    return content


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write `content` in one step, readable and with a final newline."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def curve_rows(evaluation: Evaluation) -> list[tuple[float, float, float | None]]:
    """List threshold, speed-up and accuracy (None without labels) of the thinned curve."""
    curve = evaluation.curve.thinned()
    accuracies = [None] * len(curve) if curve.accuracy is None else curve.accuracy.tolist()
    return list(zip(curve.threshold.tolist(), curve.speedup.tolist(), accuracies, strict=True))


def _describe_calibration(evaluation: Evaluation, *, counts: bool) -> dict[str, Any]:
    """Turn what happened on the choosing rows into JSON."""
    assert evaluation.calibration is not None
    metrics = evaluation.metrics if counts else ["accuracy"]
    return {
        "n_examples": evaluation.calibration.n_sentences,
        "operating_points": _describe_all(
            evaluation.calibration.operating_points, metrics, counts=counts
        ),
    }


def _describe_all(
    points: Sequence[FoundPoint], metrics: Sequence[str], *, counts: bool
) -> list[dict[str, Any]]:
    return [_describe(point, metrics, counts=counts) for point in points]


def _describe(point: FoundPoint, metrics: Sequence[str], *, counts: bool) -> dict[str, Any]:
    """Turn one point into JSON: what travels, then what only a report tells."""
    reached, travelling = point.reached, point.travelling()
    described: dict[str, Any] = (
        {"name": point.name, "target_speedup": point.target_speedup}
        | dict.fromkeys(("threshold", "speedup", "accuracy"))
        if travelling is None
        else travelling.to_dict()
    )
    for name in metrics:
        described[name] = reached and reached.scores.get(name)
    if counts:
        described["exit_counts"] = reached and reached.exit_counts
    if reached is None:
        described["reason"] = point.reason
    return described
