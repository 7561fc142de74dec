"""Policies against plain arithmetic, and what they say of themselves."""

import math
import re
from typing import Any

import pytest
import torch

from pf_fairseq.modules.policies import POLICIES, Policy, build_policy
from pf_fairseq.modules.policy_description import POLICY_NAMES, PolicyDescription
from tests.tolerances import REFERENCE

LOGITS = torch.tensor([[0.0, 0.0, 0.0], [1.0, 2.0, -1.0], [60.0, -60.0, 0.0]])
NO_EVIDENCE = torch.zeros(3, 0)


def probabilities(row: list[float]) -> list[float]:
    weights = [math.exp(x - max(row)) for x in row]
    return [weight / sum(weights) for weight in weights]


def naive_score(name: str, row: list[float]) -> float:
    found = probabilities(row)
    if name == "entropy":
        return -sum(p * math.log(p) for p in found if p > 0)
    return max(found)


@pytest.mark.parametrize("scripted", [False, True], ids=["eager", "scripted"])
@pytest.mark.parametrize("name", sorted(POLICIES))
def test_scores(name: str, scripted: bool) -> None:
    policy = build_policy(name)
    memory = policy.start(3, 2, torch.device("cpu"))
    assert memory.shape == (3, policy.memory_dim)
    wrapped = torch.jit.script(Updated(policy)) if scripted else Updated(policy)
    _, score = wrapped(memory, LOGITS, NO_EVIDENCE)
    expected = [naive_score(name, row) for row in LOGITS.tolist()]
    torch.testing.assert_close(score, torch.tensor(expected), **REFERENCE)
    assert score.dtype == torch.float32


class Updated(torch.nn.Module):
    """Makes `update` what a script runs."""

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self.policy = policy

    def forward(
        self, memory: torch.Tensor, logits: torch.Tensor, evidence: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return self.policy.update(memory, logits, evidence)


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_nobody_leaves_at_never_and_everybody_beyond_it(name: str) -> None:
    policy = build_policy(name)
    logits = torch.cat([LOGITS, torch.tensor([[1e30, 0.0, 0.0], [math.nan, 0.0, 0.0]])])
    _, score = policy.update(
        policy.start(5, logits.size(1), logits.device), logits, torch.zeros(5, 0)
    )
    never = torch.full((5,), policy.never)
    assert policy.leaves(score, never).tolist() == [False] * 5
    beyond = never - policy.sign * 10  # a NaN never leaves
    assert policy.leaves(score, beyond).tolist() == [True] * 4 + [False]


def test_each_leaves_on_its_side_of_the_parameter() -> None:
    scores, half = torch.tensor([0.25, 0.5, 0.75]), torch.full((3,), 0.5)
    assert build_policy("entropy").leaves(scores, half).tolist() == [True, False, False]
    assert build_policy("max_probability").leaves(scores, half).tolist() == [False, False, True]


def test_rejects_an_unknown_policy() -> None:
    message = "`policy` must be one of entropy, max_probability, but is 'hope' instead"
    with pytest.raises(ValueError, match=re.escape(message)):
        build_policy("hope")


def test_the_list_of_names_is_the_list_of_policies() -> None:
    assert tuple(POLICIES) == POLICY_NAMES


def test_descriptions_come_back() -> None:
    for name, policy in POLICIES.items():
        content = policy.description.to_dict()
        assert content["name"] == name
        assert PolicyDescription.from_dict({**content, "more": 1}) == policy.description


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("name", "", "`policy.name` must be a text that is not empty, but is '' instead."),
        ("parameter_unit", 3, "`policy.parameter_unit` must be a text that is not empty, but is 3"),
        ("sign", 0, "`policy.sign` must be -1 or 1, but is 0 instead."),
        ("sign", True, "`policy.sign` must be -1 or 1, but is True instead."),
        ("sign", 1.0, "`policy.sign` must be -1 or 1, but is 1.0 instead."),
        ("never", math.nan, "`policy.never` must be a finite number, but is nan instead."),
        ("never", "0", "`policy.never` must be a finite number, but is '0' instead."),
        ("never", False, "`policy.never` must be a finite number, but is False instead."),
        ("never", 10**400, "`policy.never` must be a finite number, but is 1000"),
        ("never", ..., "`policy.never` must be a finite number, but is missing instead."),
    ],
)
def test_rejects_a_description_that_is_none(field: str, value: Any, message: str) -> None:
    content = PolicyDescription("entropy", "nats", -1, 0.0).to_dict()
    content[field] = value
    if value is ...:
        del content[field]
    with pytest.raises(ValueError, match=re.escape(message)):
        PolicyDescription.from_dict(content)


def test_rejects_a_description_that_is_no_object() -> None:
    with pytest.raises(ValueError, match="`policy` must be an object, but is 'entropy' instead"):
        PolicyDescription.from_dict("entropy")
