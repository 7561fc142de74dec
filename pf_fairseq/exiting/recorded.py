"""A split as the model saw it once, at full depth: everything else is computed from this."""

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from pf_fairseq.exiting.metrics import accuracy
from pf_fairseq.exiting.policy import PolicyScores, score_exits
from pf_fairseq.modules.policies import Policy


@dataclass(frozen=True)
class RecordedExits:
    """What every exit said of every sentence of a split, in the split's order.

    Attributes:
        logits: float32 `(N, L, C)`.
        targets: int64 `(N,)`; None when the split has no labels.
        evidence: float32 `(N, L, E)`, what the method gives a policy beside logits; None for none.
    """

    logits: Tensor
    targets: Tensor | None
    evidence: Tensor | None = None

    @property
    def n_sentences(self) -> int:
        """Number of sentences."""
        return self.logits.size(0)

    @property
    def n_layers(self) -> int:
        """Number of exits."""
        return self.logits.size(1)

    def scores(
        self, policy: Policy, *, min_exit_layer: int = 1, check_interval: int = 1
    ) -> PolicyScores:
        """What `policy` makes of the sentences at the layers that are checked."""
        return score_exits(
            policy,
            self.logits,
            self.evidence,
            min_exit_layer=min_exit_layer,
            check_interval=check_interval,
        )

    @cached_property
    def predictions(self) -> Tensor:
        """Class that every exit predicts, int64 `(N, L)`."""
        return self.logits.argmax(dim=-1)

    @cached_property
    def correct(self) -> Tensor | None:
        """Whether every exit is right, bool `(N, L)`; None without labels."""
        return None if self.targets is None else self.predictions == self.targets.unsqueeze(1)

    def predictions_at(self, exit_layer: Tensor) -> Tensor:
        """Class of each sentence when it leaves at `exit_layer`, int64 `(N,)`, 1-based."""
        return self.predictions.gather(1, exit_layer.unsqueeze(1) - 1).squeeze(1)

    def exit_accuracy(self) -> list[float] | None:
        """Accuracy of each exit when every sentence leaves there; None without labels."""
        if self.targets is None:
            return None
        return [accuracy(exit_predictions, self.targets) for exit_predictions in self.predictions.T]
