"""Operating points: a wanted speed-up, the threshold for it, and what it costs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from pf_fairseq.errors import InputError
from pf_fairseq.exiting.curve import TradeOffCurve
from pf_fairseq.exiting.metrics import METRICS
from pf_fairseq.exiting.point import OperatingPoint
from pf_fairseq.exiting.policy import PolicyScores, choose_exits
from pf_fairseq.exiting.recorded import RecordedExits
from pf_fairseq.exiting.speedup import speedup_ratio


@dataclass(frozen=True)
class ReachedPoint:
    """What happens on the split at the threshold chosen for a target.

    Attributes:
        threshold: the policy's parameter, exact in float32.
        speedup: Eq. (15) at that threshold.
        scores: the task's metrics by name; empty without labels.
        exit_counts: how many sentences leave at each exit, `L` numbers.
        exit_correct: how many of those are right; None without labels.
    """

    threshold: float
    speedup: float
    scores: dict[str, float]
    exit_counts: list[int]
    exit_correct: list[int] | None


@dataclass(frozen=True)
class FoundPoint:
    """A wanted speed-up and what came of it: `reached`, or else the `reason` why not."""

    target_speedup: float
    reached: ReachedPoint | None
    reason: str | None

    @property
    def name(self) -> str:
        """The target as a short text, such as "1.5", by which programs ask for the point."""
        return speedup_name(self.target_speedup)

    def travelling(self) -> OperatingPoint | None:
        """The point as it goes into files and archives; None if it was not reached."""
        if self.reached is None:
            return None
        accuracy = self.reached.scores.get("accuracy")
        threshold, speedup = self.reached.threshold, self.reached.speedup
        return OperatingPoint(self.name, self.target_speedup, threshold, speedup, accuracy)


def speedup_name(target: float) -> str:
    """Write a speed-up as shortly as it can be read back: 2.0 -> "2"."""
    short = f"{target:g}"
    return short if float(short) == target else repr(target)


def find_operating_point(
    recorded: RecordedExits,
    scores: PolicyScores,
    curve: TradeOffCurve,
    target: float,
    metrics: Sequence[str],
) -> FoundPoint:
    """Find the first parameter that reaches `target` and score the split there.

    Args:
        recorded: the split.
        scores: what the policy makes of it.
        curve: the whole trade-off curve of `scores`, not thinned.
        target: wanted speed-up ratio, Eq. (15), at least 1.
        metrics: names out of `METRICS`.
    """
    index = curve.index_of_speedup(target)
    if index is None:
        reason = _unreachable(target, float(curve.speedup[-1]))
        return FoundPoint(target, None, reason)
    reached = reach(recorded, scores, float(curve.threshold[index]), metrics)
    return FoundPoint(target, reached, None)


def _unreachable(target: float, fastest: float) -> str:
    """Say why no parameter reaches `target`, given the `fastest` speed-up there is."""
    return (
        f"a speed-up of {target:g} cannot be reached on this split: "
        f"even when every sentence leaves as early as it can, the speed-up is {fastest:.4g}"
    )


def reach(
    recorded: RecordedExits, scores: PolicyScores, threshold: float, metrics: Sequence[str]
) -> ReachedPoint:
    """Let every sentence leave by `threshold`, and count; arguments as `find_operating_point`."""
    exit_layer = choose_exits(scores, threshold)
    predictions = recorded.predictions_at(exit_layer)
    slots = recorded.n_layers + 1  # exits are counted from 1
    targets = recorded.targets
    right = None if targets is None else exit_layer[predictions == targets]
    return ReachedPoint(
        threshold=threshold,
        speedup=speedup_ratio(exit_layer, recorded.n_layers),
        scores={}
        if targets is None
        else {name: METRICS[name](predictions, targets) for name in metrics},
        exit_counts=torch.bincount(exit_layer, minlength=slots)[1:].tolist(),
        exit_correct=None if right is None else torch.bincount(right, minlength=slots)[1:].tolist(),
    )


def read_speedups(texts: Sequence[str]) -> list[float]:
    """Read the speed-ups that a user asked for, in the order given.

    Raises:
        InputError: if one is not a finite number of at least 1, or stands there twice.
    """
    speedups: list[float] = []
    for text in texts:
        try:
            speedup = float(text)
        except ValueError:
            speedup = math.nan
        if not (math.isfinite(speedup) and speedup >= 1):
            raise InputError(
                f"A speed-up must be a number of at least 1, such as 2 or 1.5, but one is {text!r}."
            )
        if speedup in speedups:
            raise InputError(
                f"The speed-up {speedup_name(speedup)} is asked for twice; name each one once."
            )
        speedups.append(speedup)
    return speedups
