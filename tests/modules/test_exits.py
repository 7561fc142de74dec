"""Both faces of the exits against the equations, for every option."""

from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from pf_fairseq.modules.all_exits import AllExits
from pf_fairseq.modules.exits import ExitOptions, PastFutureExits
from tests.modules.exits_cases import (
    ALL_OPTIONS,
    N_LAYERS,
    STRATEGIES,
    build_exits,
    draw_summaries,
    hidden_of,
    naive_logits,
    name_of,
    one_after_another,
    parameters_of,
    unfolded,
)
from tests.tolerances import HALF, REFERENCE, SCRIPTED

# Scripting takes long: every strategy in both spaces, and every ablation once.
SCRIPTED_OPTIONS = [
    options
    for options in ALL_OPTIONS
    if options.learner_activation == "none"
    and (options.incorporation == "concat" or name_of(options).count("-") == 2)
]


@pytest.mark.parametrize("options", ALL_OPTIONS, ids=name_of)
def test_both_faces_match_the_equations(options: ExitOptions) -> None:
    exits = build_exits(options)
    summaries = draw_summaries(exits)
    expected = naive_logits(summaries, parameters_of(exits), options)
    assert_close(exits(summaries).logits.double(), expected, **REFERENCE)
    assert_close(one_after_another(exits, summaries).double(), expected, **REFERENCE)


@pytest.mark.parametrize("options", SCRIPTED_OPTIONS, ids=name_of)
def test_scripted_faces_match_the_equations(options: ExitOptions) -> None:
    exits = build_exits(options)
    summaries = draw_summaries(exits)
    expected = naive_logits(summaries, parameters_of(exits), options)
    scripted = torch.jit.script(exits)
    one_by_one = torch.jit.script(unfolded(exits))
    for _ in range(3):  # the optimiser acts from the second call on
        assert_close(scripted(summaries).logits.double(), expected, **REFERENCE)
        found = one_by_one(hidden_of(exits, summaries))
        assert_close(found.double(), expected, **REFERENCE)


@pytest.mark.parametrize("state", ["pooled", "raw"])
@pytest.mark.parametrize("readout", ["first", "mean", "both"])
def test_every_state_has_both_faces(readout: str, state: str) -> None:
    options = ExitOptions(readout=readout, state=state)
    exits = build_exits(options)
    summaries = draw_summaries(exits)
    expected = naive_logits(summaries, parameters_of(exits), options)
    found = exits(summaries)
    assert_close(found.logits.double(), expected, **REFERENCE)
    assert_close(one_after_another(exits, summaries).double(), expected, **REFERENCE)
    assert found.states.shape == (2, N_LAYERS, 12 if (readout, state) == ("both", "raw") else 6)
    assert found.imitated is not None
    assert found.imitated.shape[:3] == (2, N_LAYERS - 1, N_LAYERS - 1)


def test_two_layers_are_enough() -> None:
    exits = PastFutureExits(6, 2, 3, ExitOptions()).eval()
    summaries = torch.randn(2, 2, 12)
    assert_close(one_after_another(exits, summaries), exits(summaries).logits, **SCRIPTED)


@pytest.mark.parametrize("space", ["state", "logit"])
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_stays_close(dtype: torch.dtype, strategy: str, space: str) -> None:
    exits = build_exits(ExitOptions(incorporation=strategy, merge_space=space)).to(dtype)
    summaries = draw_summaries(exits).to(dtype)
    full = build_exits(ExitOptions(incorporation=strategy, merge_space=space))
    full.load_state_dict(exits.state_dict())  # the same rounded weights
    expected = full(summaries.float()).logits
    one_by_one = one_after_another(exits, summaries)
    assert exits(summaries).logits.dtype == dtype and one_by_one.dtype == torch.float32
    for found in (exits(summaries).logits, one_by_one):
        assert_close(found.float(), expected, **HALF[dtype])


def test_options_that_leave_something_out_have_no_parameters_for_it() -> None:
    def names(**changes: bool) -> set[str]:
        options = replace(ExitOptions(incorporation="max"), **changes)
        return {name.split(".")[0] for name, _ in build_exits(options).named_parameters()}

    assert names() == {"readout", "learners", "gate", "classifier"}
    assert names(use_gate=False) == {"readout", "learners", "classifier"}
    assert names(use_future=False) == {"readout", "classifier"}


@pytest.mark.parametrize("options", ALL_OPTIONS, ids=name_of)
def test_every_parameter_takes_part(options: ExitOptions) -> None:
    exits = build_exits(options)
    found = exits(draw_summaries(exits))
    (found.logits.square().sum()).backward()
    assert [name for name, p in exits.named_parameters() if p.grad is None] == []


def test_an_untrained_gate_weighs_both_sides_alike() -> None:
    with_gate = PastFutureExits(6, 3, 2, ExitOptions()).eval()
    without = PastFutureExits(6, 3, 2, ExitOptions(use_gate=False)).eval()
    without.load_state_dict(with_gate.state_dict(), strict=False)
    summaries = torch.randn(4, 3, 12)
    assert_close(without(summaries).logits, with_gate(summaries).logits, **SCRIPTED)


def test_without_a_future_nothing_is_imitated() -> None:
    exits = build_exits(ExitOptions(use_future=False))
    found: AllExits = exits(draw_summaries(exits))
    assert found.imitated is None


@pytest.mark.parametrize(
    ("option", "value", "choices"),
    [
        ("merge_space", "labels", "state, logit"),
        ("incorporation", "sum", "concat, max, avg, attn, lstm"),
        ("readout", "last", "first, mean, both"),
        ("state", "cooked", "pooled, raw"),
        ("learner_activation", "relu", "none, tanh"),
    ],
)
def test_rejects_unknown_options(option: str, value: str, choices: str) -> None:
    message = f"`{option}` must be one of {choices}, but is '{value}' instead"
    with pytest.raises(ValueError, match=message):
        PastFutureExits(6, 3, 2, replace(ExitOptions(), **{option: value}))
