"""Policies applied to recorded exits: the same modules that decide at run time."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pf_fairseq.errors import InputError
from pf_fairseq.modules.policies import POLICIES, Policy, build_policy
from pf_fairseq.modules.policy_description import PolicyDescription


def policy_of(description: PolicyDescription, source: str) -> Policy:
    """The policy that a description is of, where it is to be computed here.

    Args:
        description: as a file or an archive has it.
        source: what it comes from, for the error.

    Raises:
        InputError: if this version has no such policy, or one that reads its numbers otherwise.
    """
    known = POLICIES.get(description.name)
    if known is None:
        raise InputError(
            f"{source} exits by the policy {description.name!r}, which this version cannot compute "
            f"(it knows {', '.join(POLICIES)}); install the version of pf_fairseq that wrote it."
        )
    if known.description != description:
        raise InputError(
            f"{source} describes the policy {description.name!r} as {description.to_dict()}, but "
            f"here it is {known.description.to_dict()}; run `pf-fairseq calibrate` again."
        )
    return build_policy(description.name)


def checked_layers(n_layers: int, min_exit_layer: int = 1, check_interval: int = 1) -> list[int]:
    """List the layers (1-based, ascending) at which a policy is asked.

    The last layer is never among them: whoever gets there leaves, whatever the score.
    """
    if not 1 <= min_exit_layer <= n_layers:
        raise ValueError(
            f"`min_exit_layer` must lie between 1 and the number of layers, {n_layers}, "
            f"but is {min_exit_layer} instead."
        )
    if check_interval < 1:
        raise ValueError(f"`check_interval` must be at least 1, but is {check_interval} instead.")
    return list(range(min_exit_layer, n_layers, check_interval))


@dataclass(frozen=True)
class PolicyScores:
    """What a policy makes of every sentence at the layers that are checked.

    Attributes:
        values: fp32 `(N, K)`, of the checked layers alone. NaN never leaves early.
        layers: the `K` checked layers, 1-based and ascending.
        n_layers: depth `L`.
        policy: how the values are to be read.
    """

    values: Tensor
    layers: list[int]
    n_layers: int
    policy: PolicyDescription


def score_exits(
    policy: Policy,
    logits: Tensor,
    evidence: Tensor | None = None,
    *,
    min_exit_layer: int = 1,
    check_interval: int = 1,
) -> PolicyScores:
    """Let a policy walk along the checked layers, as it does at run time.

    Args:
        policy: the module.
        logits: `(N, L, C)` of every exit.
        evidence: `(N, L, E)` of every exit; None where the method gives none.
        min_exit_layer: first layer that is checked, 1-based.
        check_interval: how many layers lie between two checks.
    """
    n_sentences, n_layers, n_classes = logits.shape
    evidence = logits[..., :0] if evidence is None else evidence
    layers = checked_layers(n_layers, min_exit_layer, check_interval)
    memory = policy.start(n_sentences, n_classes, logits.device)
    columns = [logits.new_empty(n_sentences, 0, dtype=torch.float32)]
    for layer in layers:
        memory, score = policy.update(
            memory, logits[:, layer - 1].float(), evidence[:, layer - 1].float()
        )
        columns.append(score.unsqueeze(1))
    return PolicyScores(torch.cat(columns, dim=1), layers, n_layers, policy.description)


def choose_exits(scores: PolicyScores, parameter: float) -> Tensor:
    """Choose each sentence's exit: the first checked layer whose score passes the parameter.

    Args:
        scores: of the sentences.
        parameter: the policy's.

    Returns:
        int64 `(N,)`, 1-based.
    """
    if math.isnan(parameter):
        raise ValueError(
            f"the parameter of the policy must be a number ({scores.policy.parameter_unit}), but "
            f"is NaN instead. Use {scores.policy.never:g} to never exit early."
        )
    sign = scores.policy.sign
    values = scores.values
    exit_layer = torch.full((values.size(0),), scores.n_layers, device=values.device)
    for column in reversed(range(len(scores.layers))):
        passes = values[:, column] * sign > parameter * sign
        exit_layer.masked_fill_(passes, scores.layers[column])
    return exit_layer


def distance_to_parameter(scores: PolicyScores, parameter: float) -> Tensor:
    """How little the scores of a sentence would have to change for it to leave elsewhere.

    Two runtimes add up in different orders: where their scores differ by less than this, they
    must agree on the exit.

    Returns:
        fp32 `(N,)`: the smallest distance of a score to the parameter, of the checked exits up to
        the one at which the sentence leaves; infinite where none is checked, and at a parameter
        at which nobody leaves.
    """
    values, policy = scores.values, scores.policy
    nearest = torch.full((values.size(0),), math.inf, dtype=torch.float32, device=values.device)
    if not parameter * policy.sign < policy.never * policy.sign:
        return nearest
    exit_layer = choose_exits(scores, parameter)
    for column, layer in enumerate(scores.layers):
        distance = (values[:, column] - parameter).abs().nan_to_num(nan=math.inf)
        nearest = torch.where(layer <= exit_layer, torch.minimum(nearest, distance), nearest)
    return nearest
