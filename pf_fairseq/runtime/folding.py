"""Linear exits folded into one small product per layer."""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pf_fairseq.modules.exits import PastFutureExits
from pf_fairseq.modules.incorporation import AvgIncorporation, ConcatIncorporation


def fold_exits(exits: PastFutureExits) -> "PastFutureExits | FoldedExits":
    """Fold where the algebra allows: linear learners, and `concat` or `avg`.

    Returns:
        `FoldedExits` with the same logits, or `exits` itself where something is not linear.
    """
    linear_learners = exits.learners is None or not exits.learners.squash
    if linear_learners and isinstance(exits.incorporation, ConcatIncorporation | AvgIncorporation):
        return FoldedExits(exits)
    return exits


class FoldedExits(nn.Module):
    r"""Exits whose logits are affine in the states, but for the gate's sigmoid.

    With linear learners, the logits of exit `i` from the past are
    :math:`\sum_{k \le i} C_i A_k s_k + const`, its gate reads :math:`\sum_k g_i A_k s_k`, and its
    logits from the future are :math:`(C_i \sum_{j>i} A_j W_j) s_i + const`. So layer `k` adds one
    product of :math:`n (C + 1) + C` rows to a running sum, where the unfolded exit reads
    :math:`(n - i) D^2` weights of learners and as many of the incorporation.

    Args:
        exits: with linear learners (or none) and a linear incorporation.
    """

    use_future: Final[bool]
    weight: Tensor  # (n, n (C + 1) + C, D)
    start: Tensor  # (n (C + 1),)
    future_bias: Tensor  # (n, C)

    def __init__(self, exits: PastFutureExits) -> None:
        super().__init__()
        self.readout = exits.readout
        self.n_layers = exits.n_layers
        self.n_classes = exits.n_classes
        self.use_future = exits.use_future
        self.scale = 2.0 if exits.in_label_space else 1.0
        with torch.no_grad():
            weight, start, future_bias = _fold(exits)
        self.register_buffer("weight", weight)
        self.register_buffer("start", start)
        self.register_buffer("future_bias", future_bias)

    @torch.jit.export
    def observe(
        self, memory: list[Tensor], summary: Tensor, layer: int
    ) -> tuple[list[Tensor], Tensor]:
        """Take in one more layer, as `PastFutureExits.observe` does.

        Returns:
            the running sum `(B, n (C + 1))`, and the layer's part of its own future `(B, C)`.
        """
        terms = F.linear(self.readout.at(summary, layer), self.weight[layer - 1])
        n_rows = self.start.size(0)
        before = self.start if len(memory) == 0 else memory[0]
        return [before + terms[:, :n_rows]], terms[:, n_rows:]

    @torch.jit.export
    def classify(self, memory: list[Tensor], state: Tensor, layer: int) -> Tensor:
        """Logits `(B, C)` of the exit after `layer`, from what `observe` returned for it."""
        sums = memory[0].view(-1, self.n_layers, self.n_classes + 1)[:, layer - 1]
        past = sums[:, :-1]
        if not self.use_future or layer == self.n_layers:
            return past
        alpha = torch.sigmoid(sums[:, -1:])
        future = state + self.future_bias[layer - 1]
        return self.scale * (alpha * past + (1.0 - alpha) * future)


def _fold(exits: PastFutureExits) -> tuple[Tensor, Tensor, Tensor]:
    """The three tensors of `FoldedExits`, computed in fp64."""
    n, n_classes, state_dim = exits.n_layers, exits.n_classes, exits.readout.state_dim
    n_rows = n_classes + 1
    weight = torch.zeros(n, n * n_rows + n_classes, state_dim, dtype=torch.float64)
    start = torch.zeros(n, n_rows, dtype=torch.float64)
    future_bias = torch.zeros(n, n_classes, dtype=torch.float64)
    for i in range(1, n + 1):
        rows = slice((i - 1) * n_rows, i * n_rows)
        for k, block in _past_blocks(exits, i).items():
            weight[k - 1, rows] = _logits_and_gate(exits, i) @ block
        start[i - 1] = _logits_and_gate(exits, i) @ _bias(exits) + _own_bias(exits, i)
        if exits.learners is None or i == n:
            continue
        if exits.gate is not None and exits.gate_reads_state:
            weight[i - 1, rows.stop - 1] = exits.gate.weight[i - 1].double()
        matrix, shift = _future_map(exits, i)
        classifier = _logits_and_gate(exits, i)[:-1]
        weight[i - 1, n * n_rows :] = classifier @ matrix
        future_bias[i - 1] = classifier @ shift + _own_bias(exits, i)[:-1]
    return weight.float(), start.flatten().float(), future_bias.float()


def _past_blocks(exits: PastFutureExits, i: int) -> dict[int, Tensor]:
    """s_p of exit `i` as a sum of blocks `(O, D)` times the states of layers `k`."""
    seen = range(1, i + 1) if exits.use_past else range(i, i + 1)
    if isinstance(exits.incorporation, ConcatIncorporation):
        return {k: exits.incorporation.blocks[k - 1].double() for k in seen}
    identity = torch.eye(exits.readout.state_dim, dtype=torch.float64)
    return {k: identity / len(seen) for k in seen}


def _bias(exits: PastFutureExits) -> Tensor:
    if isinstance(exits.incorporation, ConcatIncorporation):
        return exits.incorporation.bias.double()
    return torch.zeros(exits.readout.state_dim, dtype=torch.float64)


def _logits_and_gate(exits: PastFutureExits, i: int) -> Tensor:
    """From s_p to logits and the gate's input, `(C + 1, O)`; zeros where no gate reads s_p."""
    if exits.classifier is None:
        logits = torch.eye(exits.n_classes, dtype=torch.float64)
    else:
        logits = exits.classifier.weight[i - 1].double()
    gate = logits.new_zeros(1, logits.size(1))
    if exits.gate is not None and not exits.gate_reads_state and i < exits.n_layers:
        gate = exits.gate.weight[i - 1 : i].double()
    return torch.cat([logits, gate])


def _own_bias(exits: PastFutureExits, i: int) -> Tensor:
    bias = torch.zeros(exits.n_classes + 1, dtype=torch.float64)
    if exits.classifier is not None:
        bias[:-1] = exits.classifier.bias[i - 1].double()
    if exits.gate is not None and i < exits.n_layers:
        bias[-1] = exits.gate.bias[i - 1].double()
    return bias


def _future_map(exits: PastFutureExits, i: int) -> tuple[Tensor, Tensor]:
    """s_f of exit `i` as `(O, D)` times s_i plus `(O,)`."""
    assert exits.learners is not None
    state_dim = exits.readout.state_dim
    learners = exits.learners.stacked.weight.double().view(-1, state_dim, state_dim)[i - 1 :]
    biases = exits.learners.stacked.bias.double().view(-1, state_dim)[i - 1 :]
    if isinstance(exits.incorporation, ConcatIncorporation):
        blocks = exits.incorporation.blocks[i:].double()
        matrix = torch.bmm(blocks, learners).sum(dim=0)
        shift = torch.bmm(blocks, biases.unsqueeze(-1)).sum(dim=0).squeeze(-1)
        return matrix, shift + exits.incorporation.bias.double()
    return learners.mean(dim=0), biases.mean(dim=0)
