"""What a method of early exit has to bring along; one file of this room describes each."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from torch import Tensor, nn

from pf_fairseq.modules.exits import AllExits
from pf_fairseq.modules.layout import Layout
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
    parts: dict[str, Tensor]


class Exits(Protocol):
    """The exits of all layers, as training runs them: a module with the parameters.

    After each layer it sees the hidden states of all tokens, and takes from them what it wants to
    keep: a state, or what an attention of its own over the tokens makes of them. Once all layers
    have run it is given all that it kept, and answers for every exit at once.
    """

    n_layers: int
    n_classes: int

    def summarise(self, hidden: Tensor, layout: Layout, layer: int) -> Tensor:
        """What is kept of a layer (1-based): `(B, T, H)` to `(B, K)`, `K` the same for each."""
        ...

    def __call__(self, summaries: Tensor) -> AllExits:
        """Every exit, from what was kept of all layers `(B, L, K)`."""
        ...


class Method(Protocol):
    """One method of early exit.

    Attributes:
        name: as `--exit-method` has it.
        default_policy: name of the policy that it was published with.
    """

    name: str
    default_policy: str

    def build_exits(self, hidden_dim: int, n_layers: int, n_classes: int, flags: Any) -> nn.Module:
        """Make the exits, an `Exits`.

        Args:
            hidden_dim: width `H` of the encoder.
            n_layers: depth `L`.
            n_classes: number of classes `C`.
            flags: the model's flags.
        """
        ...

    def losses(self, exits: AllExits, targets: Tensor, options: LossOptions) -> Losses:
        """The loss of a batch with labels int64 `(B,)`."""
        ...

    def evidence(self, exits: AllExits) -> Tensor:
        """What a policy is given beside logits, fp32 `(B, L, E)`, as the steps give it."""
        ...

    def steps(self, exits: nn.Module) -> ExitSteps:
        """What inference runs, made of trained exits."""
        ...
