"""Scores out of plain tables."""

from torch import Tensor

from pf_fairseq.exiting.policy import PolicyScores, checked_layers
from pf_fairseq.modules.policies import EntropyPolicy
from pf_fairseq.modules.policy_description import PolicyDescription


def scores_of(
    entropies: Tensor, *, min_exit_layer: int = 1, check_interval: int = 1
) -> PolicyScores:
    """The entropy policy's scores, taken from `(N, L)`."""
    n_layers = entropies.size(1)
    layers = checked_layers(n_layers, min_exit_layer, check_interval)
    columns = [layer - 1 for layer in layers]
    return PolicyScores(entropies[:, columns], layers, n_layers, EntropyPolicy.description)


def turned(scores: PolicyScores) -> PolicyScores:
    """The same with the other sign: a sentence leaves above the parameter."""
    policy = scores.policy
    mirrored = PolicyDescription("mirrored", "nats", -policy.sign, -policy.never)
    return PolicyScores(-scores.values, scores.layers, scores.n_layers, mirrored)
