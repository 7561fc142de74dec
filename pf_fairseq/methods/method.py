"""What a method of early exit has to bring along; one file of this room describes each."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from torch import Tensor

from pf_fairseq.modules.all_exits import AllExits, Exits
from pf_fairseq.modules.steps import ExitSteps


@dataclass(frozen=True)
class LossOptions:
    """What the criterion's flags say; a method takes what concerns it."""

    imitation_weight: float = 1.0
    layer_weight_power: float = 1.0
    distillation: float = 0.0


class Losses(NamedTuple):
    """A batch's loss, summed over its sentences, and the parts of it that are logged."""

    total: Tensor
    parts: dict[str, Tensor]  # by names that end in `_loss`


class TrainingStage(NamedTuple):
    """Where training stands, for a method whose exits learn in stages.

    A stage of its own is a run of fairseq-train of its own: the second stage of a method that
    trains its encoder first starts from the first (`--finetune-from-model`) with a frozen encoder
    (`--freeze-schedule always`). A method that takes turns goes by the update.
    """

    update: int  # number of the update, from 0
    encoder_frozen: bool  # whether no layer of the encoder is ever updated


class Method(Protocol):
    """One method of early exit.

    Attributes:
        name: as `--exit-method` has it.
        default_policy: name of the policy that it was published with.
    """

    name: str
    default_policy: str

    def build_exits(self, hidden_dim: int, n_layers: int, n_classes: int, flags: Any) -> Exits:
        """Make the exits.

        Args:
            hidden_dim: width `H` of the encoder.
            n_layers: depth `L`.
            n_classes: number of classes `C`.
            flags: the model's flags.
        """
        ...

    def losses(
        self, exits: AllExits, targets: Tensor, options: LossOptions, stage: TrainingStage
    ) -> Losses:
        """The loss of a batch.

        Args:
            exits: every exit of the batch.
            targets: labels, int64 `(B,)`.
            options: the criterion's flags.
            stage: where training stands.
        """
        ...

    def steps(self, exits: Exits) -> ExitSteps:
        """What inference runs, made of trained exits."""
        ...
