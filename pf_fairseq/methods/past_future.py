"""Past-future early exit (Liao et al., 2021), as a method."""

from typing import Any

from torch import Tensor

from pf_fairseq.losses import imitation_loss, layer_weighted_cross_entropy
from pf_fairseq.methods.method import Losses, LossOptions, TrainingStage
from pf_fairseq.modules.all_exits import AllExits, Exits
from pf_fairseq.modules.exits import ExitOptions, PastFutureExits
from pf_fairseq.modules.steps import ExitSteps
from pf_fairseq.modules.steps.past_future import past_future_steps


class PastFutureMethod:
    """Exits that see past states and imitated future ones, all trained together, Eq. (13)."""

    name = "past_future"
    default_policy = "entropy"

    def build_exits(self, hidden_dim: int, n_layers: int, n_classes: int, flags: Any) -> Exits:
        """Make `PastFutureExits` of the flags."""
        return PastFutureExits(hidden_dim, n_layers, n_classes, exit_options(flags))

    def losses(
        self, exits: AllExits, targets: Tensor, options: LossOptions, stage: TrainingStage
    ) -> Losses:
        """Weighted cross entropy, and the imitation loss where there is a future, at any stage."""
        ce_loss = layer_weighted_cross_entropy(
            exits.logits, targets, options.distillation, options.layer_weight_power
        )
        if exits.imitated is None:
            return Losses(ce_loss, {"ce_loss": ce_loss})
        cos_loss = imitation_loss(exits.imitated, exits.states)
        # Multiplied even by 0, so that the learners stay part of the graph under DDP.
        total = ce_loss + options.imitation_weight * cos_loss
        return Losses(total, {"ce_loss": ce_loss, "imitation_loss": cos_loss})

    def steps(self, exits: Exits) -> ExitSteps:
        """One step per layer, folded where the exits are linear."""
        assert isinstance(exits, PastFutureExits)
        return past_future_steps(exits)


def exit_options(flags: Any) -> ExitOptions:
    """The part of the model's flags that shapes the exits."""
    return ExitOptions(
        incorporation=str(flags.incorporation),
        readout=str(flags.readout),
        state=str(flags.state),
        state_dim=flags.state_dim or None,
        merge_space=str(flags.merge_space),
        learner_activation=str(flags.learner_activation),
        use_past=not flags.no_past,
        use_future=not flags.no_future,
        use_gate=not flags.no_gate,
        detach_past=not flags.no_detach_past,
        detach_imitation=not flags.no_detach_imitation,
        dropout=flags.pooler_dropout,
    )
