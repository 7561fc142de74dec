"""Past-future exits one layer at a time."""

from typing import Final

import torch
from torch import Tensor, nn

from pf_fairseq.modules.exits import PastFutureExits
from pf_fairseq.modules.layout import Layout
from pf_fairseq.modules.steps.folding import fold_exits, is_linear
from pf_fairseq.modules.steps.incorporation import IncorporationStep, incorporation_steps
from pf_fairseq.modules.steps.readout import LayerReadout
from pf_fairseq.modules.steps.step import ExitStep, ExitSteps, own_linear


def past_future_steps(exits: PastFutureExits, *, fold: bool = True) -> ExitSteps:
    """The steps of trained exits, with copies of their weights.

    Args:
        exits: as they were trained.
        fold: whether linear exits become one small product per layer, where that is possible.
    """
    if fold and is_linear(exits):
        return fold_exits(exits)
    state_dim, n_layers = exits.readout.state_dim, exits.n_layers
    with torch.no_grad():
        past = incorporation_steps(
            exits.incorporation, state_dim, n_layers, use_past=exits.use_past
        )
        learners = _learners(exits)
        steps = [
            PastFutureStep(exits, layer, past[layer - 1], learners[layer - 1 :])
            for layer in range(1, n_layers + 1)
        ]
    start = torch.zeros(past[0].memory_dim + state_dim, device=_device(exits))
    return ExitSteps(steps, n_classes=exits.n_classes, start=start)


def _device(exits: PastFutureExits) -> torch.device:
    return next(exits.parameters()).device


def _learners(exits: PastFutureExits) -> list[nn.Linear]:
    """One per target layer from the second on; the exits before it share it."""
    if exits.learners is None:
        return []
    state_dim = exits.readout.state_dim
    weights = exits.learners.stacked.weight.view(-1, state_dim, state_dim)
    biases = exits.learners.stacked.bias.view(-1, state_dim)
    return [own_linear(weight, bias) for weight, bias in zip(weights, biases, strict=True)]


class PastFutureStep(ExitStep):
    """`PastFutureExits` at one layer; the memory is that of G and, behind it, the layer's state.

    Args:
        exits: as they were trained.
        layer: 1-based.
        incorporation: G at this layer.
        learners: of the layers after it, shared with the other exits.
    """

    use_future: Final[bool]
    in_label_space: Final[bool]
    gate_reads_state: Final[bool]

    def __init__(
        self,
        exits: PastFutureExits,
        layer: int,
        incorporation: IncorporationStep,
        learners: list[nn.Linear],
    ) -> None:
        super().__init__()
        self.use_future = len(learners) > 0
        self.in_label_space = exits.in_label_space
        self.gate_reads_state = exits.gate_reads_state
        self.squash = exits.learners is not None and exits.learners.squash
        self.past_dim = incorporation.memory_dim
        self.readout = LayerReadout(exits.readout, layer)
        self.incorporation = incorporation
        self.learners = nn.ModuleList(learners)
        self.gate: nn.Linear | None = None
        if exits.gate is not None and self.use_future:
            rows = slice(layer - 1, layer)
            self.gate = own_linear(exits.gate.weight[rows], exits.gate.bias[rows])
        self.classifier: nn.Linear | None = None
        if exits.classifier is not None:
            weight, bias = exits.classifier.weight, exits.classifier.bias
            self.classifier = own_linear(weight[layer - 1], bias[layer - 1])

    def observe(self, memory: Tensor, hidden: Tensor, layout: Layout) -> Tensor:
        """Carry the past on, and keep the state."""
        state = self.readout(hidden, layout)
        past = self.incorporation.remember(memory[:, : self.past_dim], state)
        return torch.cat([past, state.to(torch.float32)], dim=1)

    def classify(self, memory: Tensor, hidden: Tensor, layout: Layout) -> tuple[Tensor, Tensor]:
        """Merge past and imitated future, Eq. (8); there is no evidence."""
        state = memory[:, self.past_dim :].to(hidden.dtype)
        past = self.incorporation.past(memory[:, : self.past_dim], state)
        logits = self._logits(past, state).to(torch.float32)
        return logits, logits[:, :0]

    def _logits(self, past: Tensor, state: Tensor) -> Tensor:
        if not self.use_future:
            return self._classify(past)
        future = self.incorporation.future(self._imitate(state))
        alpha = torch.full_like(state[:, :1], 0.5)
        if self.gate is not None:
            gated = state if self.gate_reads_state else past
            alpha = torch.sigmoid(self.gate(gated.to(self.gate.weight.dtype)))
        if self.in_label_space:
            past, future = self._classify(past), self._classify(future)
            return 2.0 * (alpha * past + (1.0 - alpha) * future)
        return self._classify(alpha * past + (1.0 - alpha) * future)

    def _imitate(self, state: Tensor) -> Tensor:
        """States of the layers after this one, `(B, n - i, D)`, Eq. (2)."""
        imitated: list[Tensor] = []
        for learner in self.learners:
            guess = learner(state)
            imitated.append(torch.tanh(guess) if self.squash else guess)
        return torch.stack(imitated, dim=1)

    def _classify(self, merged: Tensor) -> Tensor:
        if self.classifier is None:
            return merged
        logits: Tensor = self.classifier(merged.to(self.classifier.weight.dtype))
        return logits

    @torch.jit.unused
    def lower(self, dtype: torch.dtype) -> None:
        """Let all but the gate and the classifier compute in `dtype`."""
        super().lower(dtype)
        for module in (self.gate, self.classifier):
            if module is not None:
                module.to(torch.float32)
