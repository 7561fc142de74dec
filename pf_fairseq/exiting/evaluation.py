"""Everything that a report tells about one split."""

from collections.abc import Sequence
from dataclasses import dataclass

from pf_fairseq.exiting.curve import TradeOffCurve, trade_off_curve
from pf_fairseq.exiting.operating_points import OperatingPoint, find_operating_point
from pf_fairseq.exiting.policy import PolicyScores
from pf_fairseq.exiting.recorded import RecordedExits
from pf_fairseq.modules.policies import DEFAULT_POLICY, Policy, build_policy


@dataclass(frozen=True)
class Evaluation:
    """One split's recorded exits, its whole trade-off curve and the points asked for.

    Attributes:
        task: the task's name.
        metrics: the task's scores, "accuracy" first.
        recorded: what the model said.
        scores: what the policy makes of it at the checked layers.
        curve: every distinct behaviour of the parameter.
        operating_points: one per target, in the order asked.
    """

    task: str
    metrics: list[str]
    recorded: RecordedExits
    scores: PolicyScores
    curve: TradeOffCurve
    operating_points: list[OperatingPoint]


def evaluate_exits(
    recorded: RecordedExits,
    *,
    task: str,
    metrics: Sequence[str],
    targets: Sequence[float],
    policy: Policy | None = None,
    min_exit_layer: int = 1,
    check_interval: int = 1,
) -> Evaluation:
    """Sweep the policy's parameter over `recorded` and find the points of the `targets`.

    Args:
        recorded: the split, at least one sentence.
        task: the task's name.
        metrics: names out of `METRICS`; accuracy is always among the scores, and the first.
        targets: wanted speed-up ratios, each at least 1.
        policy: when a sentence leaves; None: `DEFAULT_POLICY`.
        min_exit_layer: first layer that is checked, 1-based.
        check_interval: how many layers lie between two checks.
    """
    metrics = ["accuracy", *(name for name in metrics if name != "accuracy")]
    scores = recorded.scores(
        build_policy(DEFAULT_POLICY) if policy is None else policy,
        min_exit_layer=min_exit_layer,
        check_interval=check_interval,
    )
    curve = trade_off_curve(scores, recorded.correct)
    points = [find_operating_point(recorded, scores, curve, target, metrics) for target in targets]
    return Evaluation(task, metrics, recorded, scores, curve, points)
