"""Policies: when a sentence leaves. One definition serves recorded logits and every runtime."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pf_fairseq.modules.choices import check_choice
from pf_fairseq.modules.entropy import exit_entropy
from pf_fairseq.modules.policy_description import PolicyDescription


class Policy(nn.Module, ABC):
    """A score of what the checked exits have said so far, and a parameter that it has to pass.

    A policy sees the checked exits of a sentence one after another, and neither the layers
    between them nor the parameter. It must be scriptable and work on each sentence by itself, so
    that sentences may leave the batch. A new one is a class in a file of its own and a line in
    `POLICIES`; nobody else knows its unit, its sign, or the parameter that never leaves early.

    Attributes:
        description: name, unit, sign and `never`.
        memory_dim: numbers that it keeps of a sentence, of all `M`.
        memory_per_class: and those that it keeps of each class.
    """

    description: ClassVar[PolicyDescription]
    memory_dim: ClassVar[int] = 0
    memory_per_class: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.name = self.description.name
        self.parameter_unit = self.description.parameter_unit
        self.sign = self.description.sign
        self.never = self.description.never
        self.n_remembered = self.memory_dim
        self.n_of_each_class = self.memory_per_class

    @abstractmethod
    def update(self, memory: Tensor, logits: Tensor, evidence: Tensor) -> tuple[Tensor, Tensor]:
        """Take in one more checked exit.

        Args:
            memory: fp32 `(B, M)` as the last call returned it; zeros before the first.
            logits: fp32 `(B, C)` of the exit.
            evidence: fp32 `(B, E)`, what the method gives beside logits; past-future has `E = 0`.

        Returns:
            the memory, and the score fp32 `(B,)`. NaN never leaves.
        """

    def start(self, n_sentences: int, n_classes: int, device: torch.device) -> Tensor:
        """Memory before the first exit, zeros `(B, M)`; a policy may keep numbers of each class."""
        n_remembered = self.n_remembered + n_classes * self.n_of_each_class
        return torch.zeros([n_sentences, n_remembered], dtype=torch.float32, device=device)

    def leaves(self, score: Tensor, parameter: Tensor) -> Tensor:
        """Whether scores pass the parameter, bool `(B,)`."""
        return score * self.sign > parameter * self.sign


class EntropyPolicy(Policy):
    """Leave once the entropy of the prediction is below tau, Eq. (14)."""

    description = PolicyDescription("entropy", "nats", sign=-1, never=0.0)

    def update(self, memory: Tensor, logits: Tensor, evidence: Tensor) -> tuple[Tensor, Tensor]:
        """Score is the entropy in nats."""
        return memory, exit_entropy(logits)


class MaxProbabilityPolicy(Policy):
    """Leave once the likeliest class is more probable than the parameter.

    Not the paper's. With two classes it orders sentences as entropy does.
    """

    description = PolicyDescription("max_probability", "probability", sign=1, never=1.0)

    def update(self, memory: Tensor, logits: Tensor, evidence: Tensor) -> tuple[Tensor, Tensor]:
        """Score is the largest probability; never above 1, as the log-softmax is never above 0."""
        return memory, F.log_softmax(logits.to(torch.float32), dim=-1).amax(dim=-1).exp()


POLICIES: dict[str, type[Policy]] = {
    policy.description.name: policy for policy in (EntropyPolicy, MaxProbabilityPolicy)
}
DEFAULT_POLICY = "entropy"  # the paper's


def build_policy(name: str) -> Policy:
    """Make the policy `name`.

    Raises:
        ValueError: if the name is none of `POLICIES`.
    """
    check_choice("policy", name, tuple(POLICIES))
    return POLICIES[name]()
