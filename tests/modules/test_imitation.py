"""Stacked learners against one learner after another, Eq. (2)."""

import re

import pytest
import torch
from torch.testing import assert_close

from pf_fairseq.modules.imitation import ImitationLearners, future_mask
from tests.modules.random_weights import randomise
from tests.reference.imitation import imitate
from tests.tolerances import GRADIENT, HALF, REFERENCE

STATE_DIM, N_LAYERS = 8, 12


def build_learners(activation: str) -> ImitationLearners:
    learners = ImitationLearners(STATE_DIM, N_LAYERS, activation=activation)
    randomise(learners)
    return learners


def expected_of(
    learners: ImitationLearners, state: torch.Tensor, exit_layer: int, activation: str
) -> torch.Tensor:
    weight, bias = learners.stacked.weight.double(), learners.stacked.bias.double()
    sentences = [
        torch.stack(
            imitate(
                sentence.double(),
                weight,
                bias,
                exit_layer=exit_layer,
                n_layers=N_LAYERS,
                activation=activation,
            )
        )
        for sentence in state
    ]
    return torch.stack(sentences)


@pytest.mark.parametrize("activation", ["none", "tanh"])
def test_all_exits_at_once_hold_every_future(activation: str) -> None:
    learners = build_learners(activation)
    states = torch.randn(2, N_LAYERS - 1, STATE_DIM)
    imitated = learners.imitate_all(states)
    assert imitated.shape == (2, N_LAYERS - 1, N_LAYERS - 1, STATE_DIM)
    for i in range(1, N_LAYERS):
        expected = expected_of(learners, states[:, i - 1], i, activation)
        assert_close(imitated[:, i - 1, i - 1 :].double(), expected, **REFERENCE)


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("activation", ["none", "tanh"])
@pytest.mark.parametrize("uses", [(1.0, 0.0), (0.0, 1.0), (1.0, 1.0)])
def test_the_second_use_is_that_of_detached_states(
    uses: tuple[float, float], activation: str, autocast: bool
) -> None:
    learners = build_learners(activation)
    states = torch.randn(2, N_LAYERS - 1, STATE_DIM, requires_grad=True)
    inputs = (states, learners.stacked.weight, learners.stacked.bias)

    def gradients(twice: bool) -> tuple[torch.Tensor, ...]:
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            if twice:
                outputs = learners.imitate_all_twice(states)
            else:
                outputs = learners.imitate_all(states), learners.imitate_all(states.detach())
        terms = zip(uses, outputs, strict=True)
        loss = sum((use * out.float().sin()).sum() for use, out in terms if use)
        assert isinstance(loss, torch.Tensor)
        return torch.autograd.grad(loss, inputs, materialize_grads=True)

    for found, expected in zip(gradients(True), gradients(False), strict=True):
        assert found.dtype == torch.float32
        assert_close(found, expected, **(HALF[torch.bfloat16] if autocast else GRADIENT))


def test_the_mask_marks_the_targets_after_each_exit() -> None:
    mask = future_mask(4, torch.device("cpu"))
    marked = {(i, j): bool(mask[i - 1, j - 2]) for i in range(1, 4) for j in range(2, 5)}
    assert marked == {(i, j): j > i for i, j in marked}


@pytest.mark.parametrize("n_layers", [0, 1])
def test_rejects_a_single_layer(n_layers: int) -> None:
    with pytest.raises(ValueError, match=f"must be at least 2 .* but is {n_layers} instead"):
        ImitationLearners(STATE_DIM, n_layers)


def test_rejects_an_unknown_activation() -> None:
    message = "`learner_activation` must be one of none, tanh, but is 'gelu' instead."
    with pytest.raises(ValueError, match=re.escape(message)):
        ImitationLearners(STATE_DIM, 3, activation="gelu")
