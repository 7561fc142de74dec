"""States of a layer against sums over one sentence's tokens."""

import re

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from pf_fairseq.modules.layout import Layout, padded_layout
from pf_fairseq.modules.states import StateReadout
from tests.modules.random_weights import randomise
from tests.reference.states import pool, summary
from tests.tolerances import HALF, REFERENCE

HIDDEN_DIM, N_LAYERS = 6, 3
LENGTHS = [5, 1, 3]
READOUTS = ["first", "mean", "both"]


class Summarise(nn.Module):
    """Makes `summarise` what a script runs."""

    def __init__(self, readout: StateReadout) -> None:
        super().__init__()
        self.readout = readout

    def forward(self, hidden: Tensor, layout: Layout) -> Tensor:
        return self.readout.summarise(hidden, layout)


def build_readout(readout: str, state: str = "pooled", dropout: float = 0.0) -> StateReadout:
    module = StateReadout(HIDDEN_DIM, N_LAYERS, readout=readout, state=state, dropout=dropout)
    randomise(module)
    return module


def layout_of(is_token: Tensor) -> Layout:
    return padded_layout(is_token.long(), pad_id=0)


def draw_hidden() -> tuple[Tensor, Layout]:
    """Hidden states `(3, 5, H)` with something at padding too, and which are tokens."""
    is_token = torch.arange(5) < torch.tensor(LENGTHS).unsqueeze(1)
    return torch.randn(3, 5, HIDDEN_DIM, generator=torch.Generator().manual_seed(0)), layout_of(
        is_token
    )


@pytest.mark.parametrize("scripted", [False, True], ids=["eager", "scripted"])
@pytest.mark.parametrize("readout", READOUTS)
def test_padding_is_left_out(readout: str, scripted: bool) -> None:
    module = Summarise(build_readout(readout))
    hidden, layout = draw_hidden()
    expected = torch.stack(
        [
            summary(list(sentence[:length].double()), readout)
            for sentence, length in zip(hidden, LENGTHS, strict=True)
        ]
    )
    callee = torch.jit.script(module) if scripted else module
    assert_close(callee(hidden, layout).double(), expected, **REFERENCE)


@pytest.mark.parametrize("readout", READOUTS)
def test_a_full_mask_leaves_nothing_out(readout: str) -> None:
    module = build_readout(readout)
    hidden, _ = draw_hidden()
    everything = torch.ones(3, 5, dtype=torch.bool)
    expected = torch.stack([summary(list(sentence.double()), readout) for sentence in hidden])
    assert_close(module.summarise(hidden, layout_of(everything)).double(), expected, **REFERENCE)


@pytest.mark.parametrize("scripted", [False, True], ids=["eager", "scripted"])
@pytest.mark.parametrize("state", ["pooled", "raw"])
@pytest.mark.parametrize("readout", READOUTS)
def test_states_of_all_layers(readout: str, state: str, scripted: bool) -> None:
    module = build_readout(readout, state)
    summaries = torch.randn(2, N_LAYERS, module.summary_dim)
    states = (torch.jit.script(module) if scripted else module)(summaries)
    for layer in range(1, N_LAYERS + 1):
        for sentence in range(2):
            expected = summaries[sentence, layer - 1].double()
            if module.dense is not None:
                weight, bias = module.dense.weight[layer - 1], module.dense.bias[layer - 1]
                expected = pool(expected, weight.double(), bias.double())
            assert_close(states[sentence, layer - 1].double(), expected, **REFERENCE)
    assert states.size(-1) == module.state_dim


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_the_mean_of_many_tokens_keeps_its_digits(dtype: torch.dtype) -> None:
    module = build_readout("mean", "raw")
    hidden = (torch.randn(2, 500, HIDDEN_DIM) + 200).to(dtype)  # a sum beyond what fp16 can hold
    is_token = torch.arange(500) < torch.tensor([[500], [400]])
    expected = torch.stack([hidden[0].double().mean(0), hidden[1, :400].double().mean(0)])
    found = module.summarise(hidden, layout_of(is_token))
    assert found.dtype == dtype
    assert_close(found.double(), expected, **HALF[dtype])


def test_dropout_acts_in_training_only() -> None:
    module = build_readout("mean", "raw", dropout=0.5)
    summaries = torch.ones(1, N_LAYERS, HIDDEN_DIM)
    assert torch.equal(module(summaries), summaries)
    kept = module.train()(summaries.expand(200, -1, -1))
    assert set(kept.unique().tolist()) == {0.0, 2.0}
    assert 0.4 < float((kept == 0).float().mean()) < 0.6


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"readout": "last", "state": "raw"}, "`readout` must be one of first, mean, both, but is"),
        ({"readout": "mean", "state": "cls"}, "`state` must be one of pooled, raw, but is 'cls'"),
    ],
)
def test_rejects_unknown_options(option: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        StateReadout(HIDDEN_DIM, N_LAYERS, dropout=0.0, **option)
