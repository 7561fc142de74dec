"""From a wanted speed-up to the threshold that gives it."""

import math
from dataclasses import dataclass

from torch import Tensor

from pf_fairseq.exiting.curve import trade_off_curve
from pf_fairseq.exiting.policy import PolicyScores


@dataclass(frozen=True)
class TargetThreshold:
    """The threshold for a target, or the reason why there is none: exactly one of the two."""

    threshold: float | None
    reason: str | None


def threshold_for_speedup(scores: PolicyScores, target: float) -> TargetThreshold:
    """Find the parameter nearest to `never` whose speed-up on these sentences reaches `target`.

    Args:
        scores: of N >= 1 sentences.
        target: wanted speed-up ratio, Eq. (15), at least 1; 1 gives `never`, full depth.

    Returns:
        A parameter midway between two neighbouring scores, exact in float32.
    """
    check_target(target)
    curve = trade_off_curve(scores)
    index = curve.index_of_speedup(target)
    if index is None:
        return TargetThreshold(None, unreachable_reason(target, float(curve.speedup[-1])))
    return TargetThreshold(float(curve.threshold[index]), None)


def accuracy_at_speedup(scores: PolicyScores, correct: Tensor, target: float) -> float:
    """Accuracy at the first parameter that reaches a speed-up on these very sentences.

    Args:
        scores: of the sentences.
        correct: bool `(N, L)`, whether each exit's prediction is right.
        target: wanted speed-up ratio, Eq. (15), at least 1.

    Returns:
        A number in [0, 1], never NaN: at the fastest point there is when the target cannot be
        reached, and 0 when there are no sentences.
    """
    check_target(target)
    if scores.values.size(0) == 0:
        return 0.0
    curve = trade_off_curve(scores, correct)
    assert curve.accuracy is not None  # labels were given
    index = curve.index_of_speedup(target)
    return float(curve.accuracy[-1 if index is None else index])


def check_target(target: float) -> None:
    """Refuse a speed-up that is not a finite number of at least 1."""
    if not (math.isfinite(target) and target >= 1):
        raise ValueError(
            f"`target` must be a finite speed-up of at least 1, but is {target} instead."
        )


def unreachable_reason(target: float, fastest: float) -> str:
    """Say why no threshold reaches `target`, given the `fastest` speed-up there is."""
    return (
        f"a speed-up of {target:g} cannot be reached on this split: "
        f"even when every sentence leaves as early as it can, the speed-up is {fastest:.4g}"
    )
