"""Everything that a report tells about one split."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pf_fairseq.exiting.curve import TradeOffCurve, trade_off_curve
from pf_fairseq.exiting.operating_points import FoundPoint, find_operating_point, reach
from pf_fairseq.exiting.policy import PolicyScores
from pf_fairseq.exiting.recorded import RecordedExits
from pf_fairseq.modules.policies import DEFAULT_POLICY, Policy, build_policy


@dataclass(frozen=True)
class Calibration:
    """What happened on the rows that thresholds were chosen on, where figures are flattered.

    Attributes:
        n_sentences: how many they are.
        operating_points: one per target, with the figures of these rows.
    """

    n_sentences: int
    operating_points: list[FoundPoint]


@dataclass(frozen=True)
class Evaluation:
    """One split's recorded exits, its whole trade-off curve and the points asked for.

    Attributes:
        task: the task's name.
        metrics: the task's scores, "accuracy" first.
        recorded: what the model said.
        scores: what the policy makes of it at the checked layers.
        curve: every distinct behaviour of the parameter.
        operating_points: one per target, in the order asked; their figures are of `recorded`.
        calibration: the rows that thresholds were chosen on; None: they are `recorded` itself.
    """

    task: str
    metrics: list[str]
    recorded: RecordedExits
    scores: PolicyScores
    curve: TradeOffCurve
    operating_points: list[FoundPoint]
    calibration: Calibration | None = None


def evaluate_exits(
    recorded: RecordedExits,
    *,
    task: str,
    metrics: Sequence[str],
    targets: Sequence[float],
    policy: Policy | None = None,
    min_exit_layer: int = 1,
    check_interval: int = 1,
    calibration: RecordedExits | None = None,
) -> Evaluation:
    """Sweep the policy's parameter over `recorded` and find the points of the `targets`.

    Args:
        recorded: the rows that are reported on, at least one.
        task: the task's name.
        metrics: names out of `METRICS`; accuracy is always among the scores, and the first.
        targets: wanted speed-up ratios, each at least 1.
        policy: when a sentence leaves; None: `DEFAULT_POLICY`.
        min_exit_layer: first layer that is checked, 1-based.
        check_interval: how many layers lie between two checks.
        calibration: other rows to choose thresholds on; None: `recorded`.
    """
    metrics = ["accuracy", *(name for name in metrics if name != "accuracy")]
    policy = build_policy(DEFAULT_POLICY) if policy is None else policy
    checks = {"min_exit_layer": min_exit_layer, "check_interval": check_interval}
    scores = recorded.scores(policy, **checks)
    curve = trade_off_curve(scores, recorded.correct)
    if calibration is None:
        found = [
            find_operating_point(recorded, scores, curve, target, metrics) for target in targets
        ]
        return Evaluation(task, metrics, recorded, scores, curve, found)
    chosen_scores = calibration.scores(policy, **checks)
    chosen_curve = trade_off_curve(chosen_scores, calibration.correct)
    chosen = [
        find_operating_point(calibration, chosen_scores, chosen_curve, target, metrics)
        for target in targets
    ]
    reported = [
        point
        if point.reached is None
        else replace(point, reached=reach(recorded, scores, point.reached.threshold, metrics))
        for point in chosen
    ]
    return Evaluation(
        task,
        metrics,
        recorded,
        scores,
        curve,
        reported,
        Calibration(calibration.n_sentences, chosen),
    )
