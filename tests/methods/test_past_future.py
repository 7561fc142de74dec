"""The method: its losses are those of the equations, its steps those of its exits."""

from types import SimpleNamespace

import pytest
import torch
from torch.testing import assert_close

from pf_fairseq.losses import imitation_loss, layer_weighted_cross_entropy
from pf_fairseq.methods import METHODS, LossOptions, TrainingStage
from pf_fairseq.modules.all_exits import AllExits
from pf_fairseq.modules.exits import PastFutureExits
from pf_fairseq.modules.policies import POLICIES
from tests.modules.exits_cases import OneAfterAnother, hidden_of
from tests.modules.random_weights import randomise
from tests.tolerances import REFERENCE

FLAGS = SimpleNamespace(
    incorporation="concat",
    readout="both",
    state="pooled",
    state_dim=0,
    merge_space="state",
    learner_activation="none",
    no_past=False,
    no_future=False,
    no_gate=False,
    no_detach_past=False,
    no_detach_imitation=False,
    pooler_dropout=0.0,
)
METHOD = METHODS["past_future"]
JOINT = TrainingStage(update=0, encoder_frozen=False)


def build(**flags: object) -> PastFutureExits:
    exits = METHOD.build_exits(6, 4, 3, SimpleNamespace(**{**vars(FLAGS), **flags}))
    assert isinstance(exits, PastFutureExits)
    randomise(exits)
    return exits


def answer(exits: PastFutureExits) -> AllExits:
    found: AllExits = exits(torch.randn(5, 4, exits.readout.summary_dim))
    return found


def test_every_method_names_a_policy_that_there_is() -> None:
    for name, method in METHODS.items():
        assert method.name == name and method.default_policy in POLICIES


@pytest.mark.parametrize("weight", [0.0, 0.5])
def test_the_loss_is_cross_entropy_and_imitation(weight: float) -> None:
    found, targets = answer(build()), torch.tensor([0, 1, 2, 1, 0])
    losses = METHOD.losses(found, targets, LossOptions(weight, 2.0, 0.25), JOINT)
    ce_loss = layer_weighted_cross_entropy(found.logits, targets, 0.25, 2.0)
    assert found.imitated is not None
    cos_loss = imitation_loss(found.imitated, found.states)
    assert_close(losses.total, ce_loss + weight * cos_loss)
    assert set(losses.parts) == {"ce_loss", "imitation_loss"}


def test_without_a_future_there_is_no_imitation() -> None:
    found = answer(build(no_future=True))
    losses = METHOD.losses(found, torch.zeros(5).long(), LossOptions(), JOINT)
    assert torch.equal(losses.total, losses.parts["ce_loss"]) and len(losses.parts) == 1


@pytest.mark.parametrize("activation", ["none", "tanh"])  # folded and not
def test_its_steps_are_its_exits(activation: str) -> None:
    exits = build(learner_activation=activation)
    summaries = torch.randn(5, 4, exits.readout.summary_dim)
    expected: AllExits = exits(summaries)
    steps = METHOD.steps(exits)
    found = OneAfterAnother(steps)(hidden_of(exits, summaries))
    assert_close(found, expected.logits, **REFERENCE)
    assert expected.evidence.shape == (5, 4, steps.evidence_dim)
