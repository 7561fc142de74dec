"""Everything that a report tells about one split."""

from collections.abc import Sequence
from dataclasses import dataclass

from pf_fairseq.exiting.curve import TradeOffCurve, trade_off_curve
from pf_fairseq.exiting.operating_points import OperatingPoint, find_operating_point
from pf_fairseq.exiting.recorded import RecordedExits


@dataclass(frozen=True)
class Evaluation:
    """One split's recorded exits, its whole trade-off curve and the points asked for.

    Attributes:
        task: the task's name.
        metrics: the task's scores, "accuracy" first.
        recorded: what the model said.
        curve: every distinct behaviour of the threshold.
        operating_points: one per target, in the order asked.
    """

    task: str
    metrics: list[str]
    recorded: RecordedExits
    curve: TradeOffCurve
    operating_points: list[OperatingPoint]


def evaluate_exits(
    recorded: RecordedExits, *, task: str, metrics: Sequence[str], targets: Sequence[float]
) -> Evaluation:
    """Sweep the threshold over `recorded` and find the points of the `targets`.

    Args:
        recorded: the split, at least one sentence.
        task: the task's name.
        metrics: names out of `METRICS`; accuracy is always among the scores, and the first.
        targets: wanted speed-up ratios, each at least 1.
    """
    metrics = ["accuracy", *(name for name in metrics if name != "accuracy")]
    curve = trade_off_curve(recorded.entropies, recorded.correct)
    points = [find_operating_point(recorded, curve, target, metrics) for target in targets]
    return Evaluation(task, metrics, recorded, curve, points)
