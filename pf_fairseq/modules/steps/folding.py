"""Linear exits folded into one small product per layer."""

from typing import Final

import torch
from torch import Tensor

from pf_fairseq.modules.exits import PastFutureExits
from pf_fairseq.modules.incorporation import AvgIncorporation, ConcatIncorporation
from pf_fairseq.modules.layout import Layout
from pf_fairseq.modules.steps.readout import LayerReadout
from pf_fairseq.modules.steps.step import ExitStep, ExitSteps, own_linear


def is_linear(exits: PastFutureExits) -> bool:
    """Whether the algebra allows folding: linear learners, and `concat` or `avg`."""
    linear_learners = exits.learners is None or not exits.learners.squash
    return linear_learners and isinstance(
        exits.incorporation, ConcatIncorporation | AvgIncorporation
    )


def fold_exits(exits: PastFutureExits) -> ExitSteps:
    r"""Steps of exits whose logits are affine in the states, but for the gate's sigmoid.

    With linear learners, the logits of exit `i` from the past are
    :math:`\sum_{k \le i} C_i A_k s_k + const`, its gate reads :math:`\sum_k g_i A_k s_k`, and its
    logits from the future are :math:`(C_i \sum_{j>i} A_j W_j) s_i + const`. So layer `k` adds one
    product of :math:`n (C + 1) + C` rows to a running sum, where the unfolded exit reads
    :math:`(n - i) D^2` weights of learners and as many of the incorporation.

    Args:
        exits: with linear learners (or none) and a linear incorporation.
    """
    with torch.no_grad():
        weight, start, future_bias = _fold(exits)
        steps = [
            FoldedStep(exits, layer, weight[layer - 1], future_bias[layer - 1])
            for layer in range(1, exits.n_layers + 1)
        ]
    start = torch.cat([start, start.new_zeros(exits.n_classes)])
    return ExitSteps(steps, n_classes=exits.n_classes, start=start)


class FoldedStep(ExitStep):
    """A folded exit: the memory is the running sum of all exits' numbers, and this exit's future.

    Args:
        exits: as they were trained.
        layer: 1-based.
        weight: what the layer's state adds, `(n (C + 1) + C, D)`.
        future_bias: `(C,)`.
    """

    use_future: Final[bool]
    future_bias: Tensor

    def __init__(
        self, exits: PastFutureExits, layer: int, weight: Tensor, future_bias: Tensor
    ) -> None:
        super().__init__()
        self.readout = LayerReadout(exits.readout, layer)
        self.terms = own_linear(weight)
        self.register_buffer("future_bias", future_bias)
        self.use_future = exits.use_future and layer < exits.n_layers
        self.scale = 2.0 if exits.in_label_space else 1.0
        self.n_sums = exits.n_layers * (exits.n_classes + 1)
        self.own = (layer - 1) * (exits.n_classes + 1)  # where this exit's numbers begin
        self.n_classes = exits.n_classes

    def observe(self, memory: Tensor, hidden: Tensor, layout: Layout) -> Tensor:
        """Add the layer's part of every sum, in fp32, and put its own future behind them."""
        state = self.readout(hidden, layout).to(self.terms.weight.dtype)
        terms = self.terms(state).to(torch.float32)
        sums = memory[:, : self.n_sums] + terms[:, : self.n_sums]
        return torch.cat([sums, terms[:, self.n_sums :]], dim=1)

    def classify(self, memory: Tensor, hidden: Tensor, layout: Layout) -> tuple[Tensor, Tensor]:
        """Merge past and future; there is no evidence."""
        gate = self.own + self.n_classes
        logits = memory[:, self.own : gate]
        if self.use_future:
            alpha = torch.sigmoid(memory[:, gate : gate + 1])
            future = memory[:, self.n_sums :] + self.future_bias.to(torch.float32)
            logits = self.scale * (alpha * logits + (1.0 - alpha) * future)
        return logits, logits[:, :0]

    @torch.jit.unused
    def lower(self, dtype: torch.dtype) -> None:
        """Let the readout compute in `dtype`; the folded product gives labels."""
        self.readout.to(dtype)


def _fold(exits: PastFutureExits) -> tuple[Tensor, Tensor, Tensor]:
    """Weights `(n, n (C + 1) + C, D)`, start `(n (C + 1),)` and the futures' biases `(n, C)`.

    Computed in fp64.
    """
    n, n_classes, state_dim = exits.n_layers, exits.n_classes, exits.readout.state_dim
    n_rows = n_classes + 1
    device = _device(exits)
    weight = torch.zeros(n, n * n_rows + n_classes, state_dim, dtype=torch.float64, device=device)
    start = torch.zeros(n, n_rows, dtype=torch.float64, device=device)
    future_bias = torch.zeros(n, n_classes, dtype=torch.float64, device=device)
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
    identity = torch.eye(exits.readout.state_dim, dtype=torch.float64, device=_device(exits))
    return {k: identity / len(seen) for k in seen}


def _bias(exits: PastFutureExits) -> Tensor:
    if isinstance(exits.incorporation, ConcatIncorporation):
        return exits.incorporation.bias.double()
    return torch.zeros(exits.readout.state_dim, dtype=torch.float64, device=_device(exits))


def _logits_and_gate(exits: PastFutureExits, i: int) -> Tensor:
    """From s_p to logits and the gate's input, `(C + 1, O)`; zeros where no gate reads s_p."""
    if exits.classifier is None:
        logits = torch.eye(exits.n_classes, dtype=torch.float64, device=_device(exits))
    else:
        logits = exits.classifier.weight[i - 1].double()
    gate = logits.new_zeros(1, logits.size(1))
    if exits.gate is not None and not exits.gate_reads_state and i < exits.n_layers:
        gate = exits.gate.weight[i - 1 : i].double()
    return torch.cat([logits, gate])


def _own_bias(exits: PastFutureExits, i: int) -> Tensor:
    bias = torch.zeros(exits.n_classes + 1, dtype=torch.float64, device=_device(exits))
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


def _device(exits: PastFutureExits) -> torch.device:
    return next(exits.parameters()).device
