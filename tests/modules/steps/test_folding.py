"""Folded exits give the logits of the exits they came from."""

import pytest
import torch
from torch.testing import assert_close

from pf_fairseq.modules.exits import ExitOptions, PastFutureExits
from pf_fairseq.modules.layout import padded_layout
from pf_fairseq.modules.steps.folding import FoldedStep, fold_exits
from pf_fairseq.modules.steps.past_future import PastFutureStep, past_future_steps
from tests.modules.exits_cases import (
    ALL_OPTIONS,
    OneAfterAnother,
    build_exits,
    draw_summaries,
    hidden_of,
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
    steps = past_future_steps(exits).steps
    lone_attention = (
        options.incorporation == "attn" and not options.use_past and not options.use_future
    )  # attention over one state is the state, and built as an average
    if is_linear(options) or lone_attention:
        assert all(isinstance(step, FoldedStep) for step in steps)
    else:
        assert all(isinstance(step, PastFutureStep) for step in steps)


@pytest.mark.parametrize("state", ["pooled", "raw"])
@pytest.mark.parametrize("options", LINEAR, ids=name_of)
def test_same_logits_at_every_exit(options: ExitOptions, state: str) -> None:
    exits = build_exits(ExitOptions(**{**vars(options), "state": state}))
    summaries = draw_summaries(exits)
    folded = fold_exits(exits)
    expected = naive_logits(summaries, parameters_of(exits), options)
    found = OneAfterAnother(folded)(hidden_of(exits, summaries))
    assert_close(found.double(), expected, **REFERENCE)
    assert_close(one_after_another(exits, summaries).double(), expected, **REFERENCE)


@pytest.mark.parametrize("options", [o for o in LINEAR if name_of(o).count("-") == 2], ids=name_of)
def test_scripted(options: ExitOptions) -> None:
    exits = build_exits(options)
    summaries = draw_summaries(exits)
    scripted = torch.jit.script(OneAfterAnother(fold_exits(exits)))
    expected = naive_logits(summaries, parameters_of(exits), options)
    for _ in range(3):  # the optimiser acts from the second call on
        assert_close(scripted(hidden_of(exits, summaries)).double(), expected, **REFERENCE)


def test_an_exit_may_be_classified_or_not() -> None:
    """The sums go on whether or not an exit in between was asked."""
    exits = build_exits(ExitOptions())
    folded, summaries = fold_exits(exits), draw_summaries(exits)
    hidden = hidden_of(exits, summaries)
    layout = padded_layout(torch.ones_like(hidden[:, 0, :, 0], dtype=torch.int64), pad_id=0)
    memory = folded.begin(len(summaries))
    for layer in range(3):
        memory = folded.steps[layer].observe(memory, hidden[:, layer], layout)
    found, evidence = folded.steps[2].classify(memory, hidden[:, 2], layout)
    assert evidence.shape == (len(summaries), 0)
    assert_close(found, exits(summaries).logits[:, 2], **REFERENCE)


def test_the_exits_are_left_as_they_were() -> None:
    exits = build_exits(ExitOptions())
    before = {name: tensor.clone() for name, tensor in exits.state_dict().items()}
    folded = fold_exits(exits)
    assert all(torch.equal(before[name], t) for name, t in exits.state_dict().items())
    names = {name.split(".", 2)[2] for name, _ in folded.named_parameters()}
    assert names == {"readout.dense.weight", "readout.dense.bias", "terms.weight"}


def test_real_widths_keep_their_digits() -> None:
    """At the width and depth of MiniLM, summed in fp64 and rounded once."""
    exits = PastFutureExits(384, 12, 3, ExitOptions()).eval()
    assert exits.gate is not None
    torch.nn.init.normal_(exits.gate.weight, std=0.02)
    summaries = torch.randn(4, 12, 768)
    found = OneAfterAnother(fold_exits(exits))(hidden_of(exits, summaries))
    assert_close(found, exits(summaries).logits, **REFERENCE)
