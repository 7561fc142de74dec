"""Where the gradients of the training loss go, and where not."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from pf_fairseq.losses import imitation_loss, layer_weighted_cross_entropy
from pf_fairseq.modules.exits import ExitOptions, PastFutureExits
from tests.modules.exits_cases import (
    ALL_OPTIONS,
    N_LAYERS,
    STRATEGIES,
    build_exits,
    draw_summaries,
    naive_logits,
    naive_states,
    name_of,
    parameters_of,
)
from tests.reference.imitation import imitate
from tests.reference.losses import cross_entropy, imitation
from tests.tolerances import GRADIENT

LABELS = torch.tensor([2, 0])
IMITATION_WEIGHT = 0.7
WHOLE = [options for options in ALL_OPTIONS if name_of(options).count("-") == 2]
DETACHED_OR_NOT = [
    replace(options, detach_past=detach, detach_imitation=detach)
    for options in WHOLE
    for detach in (True, False)
]


def naive_loss(summaries: Tensor, parameters: dict[str, Tensor], options: ExitOptions) -> Tensor:
    """Eq. (13) of both sentences, by loops."""
    logits = naive_logits(summaries, parameters, options)
    loss = torch.zeros((), dtype=torch.float64)
    for sentence, label in zip(logits, LABELS.tolist(), strict=True):
        loss = loss + cross_entropy(list(sentence), label)
    for states in naive_states(summaries, parameters):
        imitated = {}
        for i in range(1, N_LAYERS):
            student = states[i - 1]
            guesses = imitate(
                student.detach() if options.detach_imitation else student,
                parameters["learners.stacked.weight"],
                parameters["learners.stacked.bias"],
                exit_layer=i,
                n_layers=N_LAYERS,
                activation=options.learner_activation,
            )
            for j, guess in enumerate(guesses, start=i + 1):
                imitated[i, j] = guess
        loss = loss + IMITATION_WEIGHT * imitation(imitated, states)
    return loss


def loss_of(exits: PastFutureExits, summaries: Tensor) -> Tensor:
    found = exits(summaries)
    assert found.imitated is not None
    loss = layer_weighted_cross_entropy(found.logits, LABELS)
    return loss + IMITATION_WEIGHT * imitation_loss(found.imitated, found.states)


@pytest.mark.parametrize(
    "options", DETACHED_OR_NOT, ids=lambda o: f"{name_of(o)}-{'cut' if o.detach_past else 'whole'}"
)
def test_loss_and_all_gradients_match_the_equations(options: ExitOptions) -> None:
    exits = build_exits(options)
    summaries = draw_summaries(exits).requires_grad_()
    loss = loss_of(exits, summaries)
    loss.backward()
    parameters = {name: p.requires_grad_() for name, p in parameters_of(exits).items()}
    inputs = summaries.detach().double().requires_grad_()
    expected = naive_loss(inputs, parameters, options)
    expected.backward()
    assert_close(loss.double(), expected, **GRADIENT)
    assert_close(summaries.grad, inputs.grad, check_dtype=False, **GRADIENT)
    for name, parameter in exits.named_parameters():
        assert_close(parameter.grad, parameters[name].grad, check_dtype=False, **GRADIENT)


def reach_of_exit(exits: PastFutureExits, exit_layer: int) -> list[bool]:
    """Which layers' states the gradient of one exit's logits reaches."""
    summaries = draw_summaries(exits).requires_grad_()
    exits.zero_grad()
    exits(summaries).logits[:, exit_layer - 1].square().sum().backward()
    assert summaries.grad is not None
    return [bool(summaries.grad[:, k].any()) for k in range(N_LAYERS)]


@pytest.mark.parametrize("space", ["state", "logit"])
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("exit_layer", [1, 2, N_LAYERS])
def test_a_detached_past_is_not_reached(exit_layer: int, strategy: str, space: str) -> None:
    options = ExitOptions(incorporation=strategy, merge_space=space, state="raw")
    own_alone = [k + 1 == exit_layer for k in range(N_LAYERS)]
    assert reach_of_exit(build_exits(options), exit_layer) == own_alone
    whole_past = [k + 1 <= exit_layer for k in range(N_LAYERS)]
    live = replace(options, detach_past=False)
    assert reach_of_exit(build_exits(live), exit_layer) == whole_past


@pytest.mark.parametrize("strategy", ["concat", "attn", "lstm"])
def test_parameters_of_g_learn_from_a_detached_past(strategy: str) -> None:
    options = ExitOptions(incorporation=strategy, use_future=False, state="raw")
    exits = build_exits(options)
    exits(draw_summaries(exits)).logits[:, 2].square().sum().backward()
    if strategy == "concat":  # exit 3 sees the layers 1 to 3
        blocks = exits.incorporation.blocks.grad
        assert isinstance(blocks, Tensor)
        assert [bool(block.any()) for block in blocks] == [True, True, True, False]
    for name, parameter in exits.incorporation.named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), name


@pytest.mark.parametrize("detach", [True, False])
def test_imitation_reaches_learners_and_no_teacher(detach: bool) -> None:
    exits = build_exits(ExitOptions(state="raw", detach_imitation=detach))
    summaries = draw_summaries(exits).requires_grad_()
    found = exits(summaries)
    assert found.imitated is not None
    imitation_loss(found.imitated, found.states).backward()
    if detach:
        assert summaries.grad is None
    else:  # the last layer's state is a teacher only; every other one is a student too
        assert summaries.grad is not None
        reached = [bool(summaries.grad[:, k].any()) for k in range(N_LAYERS)]
        assert reached == [True] * 3 + [False]
    assert exits.learners is not None and exits.learners.stacked.weight.grad is not None
    by_target = exits.learners.stacked.weight.grad.view(N_LAYERS - 1, -1)
    assert by_target.any(dim=1).all()
    others = [n for n, p in exits.named_parameters() if p.grad is not None]
    assert others == ["learners.stacked.weight", "learners.stacked.bias"]
