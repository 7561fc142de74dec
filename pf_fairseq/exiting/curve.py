"""The trade-off curve: every distinct behaviour of the parameter, from one sorted sweep."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pf_fairseq.exiting.policy import PolicyScores

# Past the last score, where there is no neighbour to stand off from: of the score, at least of 1.
TOP_MARGIN = 0.01


@dataclass(frozen=True)
class TradeOffCurve:
    """What each value of the policy's parameter buys, `K` points by ascending speed-up.

    Attributes:
        threshold: float64 `(K,)`, the parameters, each exactly a float32; the first is the
            policy's `never`, full depth, and the others move away from it.
        speedup: float64 `(K,)`, Eq. (15), strictly ascending from 1.
        accuracy: float64 `(K,)` in [0, 1]; None without labels.
    """

    threshold: Tensor
    speedup: Tensor
    accuracy: Tensor | None

    def __len__(self) -> int:
        return self.threshold.numel()

    def index_of_speedup(self, target: float) -> int | None:
        """Find the first point whose speed-up reaches `target`, if any.

        Args:
            target: wanted speed-up ratio, Eq. (15), at least 1; 1 gives full depth.

        Raises:
            ValueError: if `target` is no finite number of at least 1.
        """
        if not (math.isfinite(target) and target >= 1):
            raise ValueError(
                f"`target` must be a finite speed-up of at least 1, but is {target} instead."
            )
        index = int((self.speedup < target).sum())
        return index if index < len(self) else None

    def thinned(self, max_points: int = 1000) -> "TradeOffCurve":
        """Keep at most `max_points` points, evenly spread over the speed-up, and both ends."""
        if len(self) <= max_points:
            return self
        wanted = torch.linspace(
            float(self.speedup[0]), float(self.speedup[-1]), max_points, dtype=torch.float64
        )
        kept = torch.searchsorted(self.speedup, wanted).clamp_max_(len(self) - 1)
        kept[-1] = len(self) - 1  # linspace may round the end down
        kept = torch.unique_consecutive(kept)
        accuracy = None if self.accuracy is None else self.accuracy[kept]
        return TradeOffCurve(self.threshold[kept], self.speedup[kept], accuracy)


def trade_off_curve(scores: PolicyScores, correct: Tensor | None = None) -> TradeOffCurve:
    """Sweep the parameter over the scores of all exits that are checked.

    Moving the parameter past a score moves at most one sentence, to an earlier exit; the totals
    of all parameters are therefore one running sum over the sorted scores. A parameter stands
    midway between two neighbouring scores, so that no sentence sits on it. Scores so close that
    no float32 lies between them count as one.

    Args:
        scores: of N >= 1 sentences.
        correct: bool `(N, L)`, whether each exit's prediction is right; None without labels.
    """
    n_sentences = scores.values.size(0)
    if n_sentences == 0:
        raise ValueError("`scores` must hold at least one sentence, but is empty instead.")
    # Turned so that a sentence leaves with a score below the parameter, whatever the policy.
    turn = -scores.policy.sign
    gains = _gains(scores, correct)
    values, changes = _moves(scores.values * turn, gains, scores.layers)
    parameter = _midpoints(values)
    cuts = parameter.isfinite()  # elsewhere the next score is too close
    cuts &= parameter > scores.policy.never * turn  # at those before it nobody leaves either
    totals = gains[:, -1].sum(dim=0) + changes.cumsum(dim=0)[cuts]
    totals = torch.cat([gains[:, -1].sum(dim=0, keepdim=True), totals])
    never = parameter.new_full((1,), scores.policy.never)
    parameter = torch.cat([never, parameter[cuts] * turn])
    changed = torch.ones_like(parameter, dtype=torch.bool)
    changed[1:] = totals[1:, 0] < totals[:-1, 0]  # else nobody moved: it behaves as before
    totals = totals[changed].double().cpu()
    full_depth = torch.full_like(
        totals[:, 0], n_sentences * scores.n_layers
    )  # a scalar / tensor is inexact
    return TradeOffCurve(
        threshold=parameter[changed].cpu(),
        speedup=full_depth / totals[:, 0],
        accuracy=None if correct is None else totals[:, 1] / n_sentences,
    )


def _gains(scores: PolicyScores, correct: Tensor | None) -> Tensor:
    """What a sentence adds to the totals by leaving at each exit: layers, and a right answer.

    Returns:
        int64 `(N, L, 1)`, or `(N, L, 2)` with labels.
    """
    shape = (scores.values.size(0), scores.n_layers)
    layers = torch.arange(1, scores.n_layers + 1, device=scores.values.device).expand(shape)
    if correct is None:
        return layers.unsqueeze(-1)
    return torch.stack([layers, correct.long()], dim=-1)


def _moves(values: Tensor, gains: Tensor, layers: list[int]) -> tuple[Tensor, Tensor]:
    """List the scores of checked exits and how the totals change once the parameter is above.

    Only a score below all earlier ones of its sentence moves it; the others change nothing.

    Args:
        values: float32 `(N, K)` of the checked layers; a sentence leaves below the parameter.
        gains: int64 `(N, L, Q)`.
        layers: the `K` checked layers, 1-based.

    Returns:
        values: float32 `(M,)`, ascending.
        changes: int64 `(M, Q)` for the `Q` totals of `gains`.
    """
    values = values.float().nan_to_num(nan=torch.inf, posinf=torch.inf)
    changes = gains.new_zeros((*values.shape, gains.size(-1)))
    if layers:
        lowest = values.cummin(dim=1).values
        moves = torch.ones_like(values, dtype=torch.bool)
        moves[:, 1:] = values[:, 1:] < lowest[:, :-1]
        leaving = gains[:, -1]  # what the sentence adds at the exit that it leaves at so far
        for index in range(len(layers) - 1, -1, -1):
            moved = torch.where(moves[:, index, None], gains[:, layers[index] - 1], leaving)
            changes[:, index] = moved - leaving
            leaving = moved
    finite = values.isfinite()
    ascending, order = values[finite].sort()
    return ascending, changes[finite][order]


def _midpoints(values: Tensor) -> Tensor:
    """Place a parameter between each of the ascending float32 `values` `(M,)` and its successor.

    Returns:
        float64 `(M,)`, exact in float32; infinite where no float32 lies strictly between.
    """
    top = values[-1:] + 2 * TOP_MARGIN * values[-1:].abs().clamp_min(1)
    above = torch.cat([values[1:], top])
    middle = ((values.double() + above.double()) / 2).float()
    return middle.double().masked_fill_((middle <= values) | (middle >= above), torch.inf)


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
    if scores.values.size(0) == 0:
        return 0.0
    curve = trade_off_curve(scores, correct)
    assert curve.accuracy is not None  # labels were given
    index = curve.index_of_speedup(target)
    return float(curve.accuracy[-1 if index is None else index])
