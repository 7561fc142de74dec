"""Folded exits give the logits of the exits they came from."""

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from pf_fairseq.modules.exits import ExitOptions, PastFutureExits
from pf_fairseq.runtime.folding import FoldedExits, fold_exits
from tests.modules.exits_cases import (
    ALL_OPTIONS,
    build_exits,
    draw_summaries,
    naive_logits,
    name_of,
    one_after_another,
    parameters_of,
)
from tests.tolerances import REFERENCE


def is_linear(options: ExitOptions) -> bool:
    squashed = options.use_future and options.learner_activation == "tanh"
    return options.incorporation in ("concat", "avg") and not squashed


LINEAR = [options for options in ALL_OPTIONS if is_linear(options)]


@pytest.mark.parametrize("options", ALL_OPTIONS, ids=name_of)
def test_folds_what_is_linear_and_nothing_else(options: ExitOptions) -> None:
    exits = build_exits(options)
    folded = fold_exits(exits)
    lone_attention = (
        options.incorporation == "attn" and not options.use_past and not options.use_future
    )  # attention over one state is the state, and built as an average
    if is_linear(options) or lone_attention:
        assert isinstance(folded, FoldedExits)
    else:
        assert folded is exits


@pytest.mark.parametrize("state", ["pooled", "raw"])
@pytest.mark.parametrize("options", LINEAR, ids=name_of)
def test_same_logits_at_every_exit(options: ExitOptions, state: str) -> None:
    exits = build_exits(ExitOptions(**{**vars(options), "state": state}))
    summaries = draw_summaries(exits)
    folded = fold_exits(exits)
    expected = naive_logits(summaries, parameters_of(exits), options)
    assert_close(one_after_another(folded, summaries).double(), expected, **REFERENCE)
    assert_close(one_after_another(exits, summaries).double(), expected, **REFERENCE)


@pytest.mark.parametrize("options", [o for o in LINEAR if name_of(o).count("-") == 2], ids=name_of)
def test_scripted(options: ExitOptions) -> None:
    exits = build_exits(options)
    summaries = draw_summaries(exits)
    scripted = torch.jit.script(fold_exits(exits))
    expected = naive_logits(summaries, parameters_of(exits), options)
    for _ in range(3):  # the optimiser acts from the second call on
        assert_close(one_after_another(scripted, summaries).double(), expected, **REFERENCE)


def test_an_exit_may_be_classified_or_not() -> None:
    """The sums go on whether or not an exit in between was asked."""
    exits = build_exits(ExitOptions())
    folded, summaries = fold_exits(exits), draw_summaries(exits)
    memory: list[Tensor] = []
    for layer in range(1, 4):
        memory, state = folded.observe(memory, summaries[:, layer - 1], layer)
    found = folded.classify(memory, state, 3)
    assert_close(found, exits(summaries).logits[:, 2], **REFERENCE)


def test_the_exits_are_left_as_they_were() -> None:
    exits = build_exits(ExitOptions())
    before = {name: tensor.clone() for name, tensor in exits.state_dict().items()}
    folded = fold_exits(exits)
    assert all(torch.equal(before[name], t) for name, t in exits.state_dict().items())
    names = {name for name, _ in folded.named_parameters()}
    assert names == {"readout.dense.weight", "readout.dense.bias"}, "learners are folded away"


def test_real_widths_keep_their_digits() -> None:
    """At the width and depth of MiniLM, summed in fp64 and rounded once."""
    exits = PastFutureExits(384, 12, 3, ExitOptions()).eval()
    assert exits.gate is not None
    torch.nn.init.normal_(exits.gate.weight, std=0.02)
    summaries = torch.randn(4, 12, 768)
    found = one_after_another(fold_exits(exits), summaries)
    assert_close(found, exits(summaries).logits, **REFERENCE)
