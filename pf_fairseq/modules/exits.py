"""The exit heads of all layers: past, imitated future, gate and classifier put together."""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from pf_fairseq.modules.all_exits import AllExits, Exits
from pf_fairseq.modules.choices import check_choice
from pf_fairseq.modules.gate import MergingGate
from pf_fairseq.modules.imitation import ImitationLearners
from pf_fairseq.modules.incorporation import build_incorporation
from pf_fairseq.modules.layout import Layout
from pf_fairseq.modules.stacked import StackedLinear
from pf_fairseq.modules.states import StateReadout

MERGE_SPACES = ("state", "logit")


@dataclass(frozen=True)
class ExitOptions:
    """What an exit looks at and how it merges it; see `pf_fairseq.models.config` for the flags."""

    incorporation: str = "concat"
    readout: str = "both"
    state: str = "pooled"
    state_dim: int | None = None
    merge_space: str = "state"
    learner_activation: str = "none"
    use_past: bool = True
    use_future: bool = True
    use_gate: bool = True
    detach_past: bool = True
    detach_imitation: bool = True
    dropout: float = 0.0


class PastFutureExits(Exits):
    r"""Exit heads, all at once, as training needs them; `modules.steps` takes them one by one.

    State space, Eq. (8): :math:`z_i = \alpha s_p + (1 - \alpha) s_f`, then the exit's classifier.
    Label space: :math:`z_i = 2 \alpha C(s_p) + (2 - 2 \alpha) C(s_f)`, logits merged; with
    `concat`, G itself maps to the labels, so that there is no classifier. Exit `n` has no
    future: :math:`z_n = s_p` (label space: the past logits, without the factor 2).

    Our choices: each exit has a classifier of its own (`D x C`, tiny); without the gate both sides
    count half; in label space with `concat`, where s_p is not computed, the gate reads s_i.

    Args:
        hidden_dim: width `H` of the encoder.
        n_layers: depth `L`, at least 2.
        n_classes: number of classes `C`.
        options: what to build; nothing that the options leave out has parameters.

    Raises:
        ValueError: if an option is none of its choices.
    """

    use_past: Final[bool]
    use_future: Final[bool]
    use_gate: Final[bool]
    detach_past: Final[bool]
    detach_imitation: Final[bool]
    in_label_space: Final[bool]
    gate_reads_state: Final[bool]

    def __init__(
        self, hidden_dim: int, n_layers: int, n_classes: int, options: ExitOptions
    ) -> None:
        reaches_back = options.use_past and not options.detach_past
        super().__init__(n_layers, n_classes, reaches_back=reaches_back)
        check_choice("merge_space", options.merge_space, MERGE_SPACES)
        self.use_past = options.use_past
        self.use_future = options.use_future
        self.use_gate = options.use_future and options.use_gate
        self.detach_past = options.detach_past
        self.detach_imitation = options.detach_imitation
        self.in_label_space = options.merge_space == "logit"
        direct = self.in_label_space and options.incorporation == "concat"
        self.gate_reads_state = direct
        self.readout = StateReadout(
            hidden_dim,
            n_layers,
            readout=options.readout,
            state=options.state,
            state_dim=options.state_dim,
            dropout=options.dropout,
        )
        state_dim = self.readout.state_dim
        # Attention over a lone state is the state: keep no query that would never learn.
        lone = not options.use_past and not options.use_future
        strategy = "avg" if lone and options.incorporation == "attn" else options.incorporation
        self.incorporation = build_incorporation(
            strategy, state_dim, n_layers, n_classes if direct else state_dim
        )
        self.learners = (
            ImitationLearners(state_dim, n_layers, activation=options.learner_activation)
            if self.use_future
            else None
        )
        self.gate = MergingGate(state_dim, n_layers) if self.use_gate else None
        self.classifier = None if direct else StackedLinear(n_layers, state_dim, n_classes)

    def summarise(self, hidden: Tensor, layout: Layout, layer: int) -> Tensor:
        """What is kept of a layer: its readout, `(B, T, H)` to `(B, summary_dim)`."""
        return self.readout.summarise(hidden, layout)

    def forward(self, summaries: Tensor) -> AllExits:
        """Logits of every exit.

        Args:
            summaries: what `summarise` kept of every layer, `(B, L, summary_dim)`.
        """
        states = self.readout(summaries)
        if self.use_past:
            past = self.incorporation(states, self.detach_past)
        else:
            past = self.incorporation.alone(states)
        if self.learners is None:
            logits = self._classify_all(past)
            return AllExits(logits, states, None, logits[:, :, :0])
        # The loss may train the learners alone; a scripted model, which trains nothing, cannot.
        if self.detach_imitation and torch.is_grad_enabled() and not torch.jit.is_scripting():  # type: ignore[attr-defined]
            imitated, for_the_loss = self.learners.imitate_all_twice(states[:, :-1])
        else:
            imitated = for_the_loss = self.learners.imitate_all(states[:, :-1])
        future = self.incorporation.all_futures(imitated)
        alpha = self._alpha_all(states[:, :-1] if self.gate_reads_state else past[:, :-1])
        if self.in_label_space:
            past, future = self._classify_all(past), self._classify_all(future)
        merged = self._merge(past[:, :-1], future, alpha)
        logits = torch.cat([merged, past[:, -1:]], dim=1)
        logits = logits if self.in_label_space else self._classify_all(logits)
        return AllExits(logits, states, for_the_loss, logits[:, :, :0])

    def _merge(self, past: Tensor, future: Tensor, alpha: Tensor) -> Tensor:
        merged = alpha * past + (1.0 - alpha) * future
        return 2.0 * merged if self.in_label_space else merged

    def _alpha_all(self, inputs: Tensor) -> Tensor:
        alpha = torch.full_like(inputs[..., :1], 0.5)
        if self.gate is not None:
            alpha = self.gate(inputs)
        return alpha

    def _classify_all(self, merged: Tensor) -> Tensor:
        return merged if self.classifier is None else self.classifier(merged)
