"""The trade-off curve: every distinct behaviour of the threshold, from one sorted sweep."""

from dataclasses import dataclass

import torch
from torch import Tensor

from pf_fairseq.exiting.policy import checked_layers

TOP_MARGIN = 0.01  # nats above the largest entropy, where there is no neighbour to stand off from


@dataclass(frozen=True)
class TradeOffCurve:
    """What each threshold buys, `K` points by ascending threshold and speed-up.

    Attributes:
        threshold: float64 `(K,)` in nats, each exactly a float32; the first is 0, full depth.
        speedup: float64 `(K,)`, Eq. (15), strictly ascending from 1.
        accuracy: float64 `(K,)` in [0, 1]; None without labels.
    """

    threshold: Tensor
    speedup: Tensor
    accuracy: Tensor | None

    def __len__(self) -> int:
        return self.threshold.numel()

    def index_of_speedup(self, target: float) -> int | None:
        """Find the point of the smallest threshold whose speed-up reaches `target`, if any."""
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


def trade_off_curve(
    entropies: Tensor,
    correct: Tensor | None = None,
    *,
    min_exit_layer: int = 1,
    check_interval: int = 1,
) -> TradeOffCurve:
    """Sweep the threshold over the entropies of all exits that are checked.

    Raising the threshold past an entropy moves at most one sentence, to an earlier exit; the
    totals of all thresholds are therefore one running sum over the sorted entropies. A threshold
    stands midway between two neighbouring entropies, so that no sentence sits on it. Entropies so
    close that no float32 lies between them count as one.

    Args:
        entropies: `(N, L)` in nats, N >= 1; the last column is never looked at.
        correct: bool `(N, L)`, whether each exit's prediction is right; None without labels.
        min_exit_layer: first layer that is checked, 1-based.
        check_interval: how many layers lie between two checks.
    """
    n_sentences, n_layers = entropies.shape
    if n_sentences == 0:
        raise ValueError("`entropies` must hold at least one sentence, but is empty instead.")
    layers = checked_layers(n_layers, min_exit_layer, check_interval)
    gains = _gains(entropies, correct)
    values, changes = _moves(entropies, gains, layers)
    threshold = _midpoints(values)
    cuts = threshold.isfinite()  # elsewhere the next entropy is too close
    totals = gains[:, -1].sum(dim=0) + changes.cumsum(dim=0)[cuts]
    totals = torch.cat([gains[:, -1].sum(dim=0, keepdim=True), totals])
    threshold = torch.cat([threshold.new_zeros(1), threshold[cuts]])
    changed = torch.ones_like(threshold, dtype=torch.bool)
    changed[1:] = totals[1:, 0] < totals[:-1, 0]  # else nobody moved: it behaves as before
    totals = totals[changed].double().cpu()
    full_depth = torch.full_like(
        totals[:, 0], n_sentences * n_layers
    )  # a scalar / tensor is inexact
    return TradeOffCurve(
        threshold=threshold[changed].cpu(),
        speedup=full_depth / totals[:, 0],
        accuracy=None if correct is None else totals[:, 1] / n_sentences,
    )


def _gains(entropies: Tensor, correct: Tensor | None) -> Tensor:
    """What a sentence adds to the totals by leaving at each exit: layers, and a right answer.

    Returns:
        int64 `(N, L, 1)`, or `(N, L, 2)` with labels.
    """
    layers = torch.arange(1, entropies.size(1) + 1, device=entropies.device).expand(entropies.shape)
    if correct is None:
        return layers.unsqueeze(-1)
    return torch.stack([layers, correct.long()], dim=-1)


def _moves(entropies: Tensor, gains: Tensor, layers: list[int]) -> tuple[Tensor, Tensor]:
    """List the entropies of checked exits and how the totals change once the threshold is above.

    Only an entropy below all earlier ones of its sentence moves it; the others change nothing.

    Returns:
        values: float32 `(M,)`, ascending.
        changes: int64 `(M, Q)` for the `Q` totals of `gains`.
    """
    columns = [layer - 1 for layer in layers]
    values = entropies[:, columns].float().nan_to_num(nan=torch.inf, posinf=torch.inf)
    changes = gains.new_zeros((*values.shape, gains.size(-1)))
    if layers:
        lowest = values.cummin(dim=1).values
        moves = torch.ones_like(values, dtype=torch.bool)
        moves[:, 1:] = values[:, 1:] < lowest[:, :-1]
        leaving = gains[:, -1]  # what the sentence adds at the exit that it leaves at so far
        for index in range(len(layers) - 1, -1, -1):
            moved = torch.where(moves[:, index, None], gains[:, columns[index]], leaving)
            changes[:, index] = moved - leaving
            leaving = moved
    finite = values.isfinite()
    ascending, order = values[finite].sort()
    return ascending, changes[finite][order]


def _midpoints(values: Tensor) -> Tensor:
    """Place a threshold between each of the ascending float32 `values` `(M,)` and its successor.

    Returns:
        float64 `(M,)`, exact in float32; infinite where no float32 lies strictly between.
    """
    above = torch.cat([values[1:], values[-1:] + 2 * TOP_MARGIN])
    middle = ((values.double() + above.double()) / 2).float()
    return middle.double().masked_fill_((middle <= values) | (middle >= above), torch.inf)
