"""Every strategy G, both faces, against one sentence's list of states."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from pf_fairseq.modules.incorporation import INCORPORATIONS, Incorporation, build_incorporation
from tests.modules.random_weights import randomise
from tests.reference.incorporation import incorporate
from tests.tolerances import HALF, REFERENCE

N_SENTENCES, N_LAYERS, STATE_DIM = 3, 5, 6

everywhere = pytest.mark.parametrize("strategy", INCORPORATIONS)


def build(strategy: str, output_dim: int = STATE_DIM) -> Incorporation:
    module = build_incorporation(strategy, STATE_DIM, N_LAYERS, output_dim)
    randomise(module)
    return module


def naive(module: Incorporation, strategy: str) -> Callable[[Tensor, int], Tensor]:
    """G for a batch of lists of states `(B, m, D)` that begin with the layer given."""
    parameters = {name: p.detach().double() for name, p in module.named_parameters()}

    def g(states: Tensor, first_layer: int) -> Tensor:
        rows = [list(sentence.double()) for sentence in states]
        return torch.stack([incorporate(strategy, row, first_layer, parameters) for row in rows])

    return g


@everywhere
@pytest.mark.parametrize("detach_past", [False, True])
def test_past_of_all_exits(strategy: str, detach_past: bool) -> None:
    module = build(strategy)
    states, g = torch.randn(N_SENTENCES, N_LAYERS, STATE_DIM), naive(module, strategy)
    found = module(states, detach_past)
    for i in range(1, N_LAYERS + 1):
        assert_close(found[:, i - 1].double(), g(states[:, :i], 1), **REFERENCE)


@everywhere
def test_past_of_one_exit_after_another(strategy: str) -> None:
    module = build(strategy)
    states, g = torch.randn(N_SENTENCES, N_LAYERS, STATE_DIM), naive(module, strategy)
    memory: list[Tensor] = []
    for i in range(1, N_LAYERS + 1):
        before = [tensor.clone() for tensor in memory]
        older, memory = memory, module.remember(memory, states[:, i - 1], i)
        assert all(torch.equal(a, b) for a, b in zip(older, before, strict=True))
        assert_close(module.past(memory, i).double(), g(states[:, :i], 1), **REFERENCE)
        assert all(tensor.size(0) == N_SENTENCES for tensor in memory)


@everywhere
def test_a_sentence_can_be_taken_out_of_the_memory(strategy: str) -> None:
    module = build(strategy)
    states, kept = torch.randn(N_SENTENCES, N_LAYERS, STATE_DIM), torch.tensor([2, 0])
    memory: list[Tensor] = []
    for i in range(1, 4):
        memory = module.remember(memory, states[:, i - 1], i)
    memory = [tensor.index_select(0, kept) for tensor in memory]
    memory = module.remember(memory, states[kept, 3], 4)
    expected = naive(module, strategy)(states[kept, :4], 1)
    assert_close(module.past(memory, 4).double(), expected, **REFERENCE)


@everywhere
def test_futures(strategy: str) -> None:
    module = build(strategy)
    g = naive(module, strategy)
    imitated = torch.randn(N_SENTENCES, N_LAYERS - 1, N_LAYERS - 1, STATE_DIM)
    at_once = module.all_futures(imitated)
    for i in range(1, N_LAYERS):
        later = imitated[:, i - 1, i - 1 :]  # the layers i + 1 .. n
        assert_close(at_once[:, i - 1].double(), g(later, i + 1), **REFERENCE)
        assert_close(module.future(later, i).double(), g(later, i + 1), **REFERENCE)


@everywhere
def test_what_lies_before_an_exit_is_no_part_of_its_future(strategy: str) -> None:
    module = build(strategy)
    imitated = torch.randn(1, N_LAYERS - 1, N_LAYERS - 1, STATE_DIM)
    changed = imitated + 10 * torch.ones(N_LAYERS - 1, N_LAYERS - 1).tril(-1).unsqueeze(-1)
    assert torch.equal(module.all_futures(changed), module.all_futures(imitated))


@everywhere
def test_a_lone_state(strategy: str) -> None:
    module = build(strategy)
    states, g = torch.randn(N_SENTENCES, N_LAYERS, STATE_DIM), naive(module, strategy)
    found = module.alone(states)
    for i in range(1, N_LAYERS + 1):
        expected = g(states[:, i - 1 : i], i)
        assert_close(found[:, i - 1].double(), expected, **REFERENCE)
        memory = module.remember([], states[:, i - 1], i)
        assert_close(module.past(memory, 1).double(), expected, **REFERENCE)


@everywhere
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_over_many_layers(strategy: str, dtype: torch.dtype) -> None:
    module = build_incorporation(strategy, STATE_DIM, 24, STATE_DIM)
    randomise(module, std=0.2)
    module.to(dtype)
    states = torch.randn(2, 24, STATE_DIM).to(dtype)
    expected = naive(module, strategy)(states, 1)
    memory: list[Tensor] = []
    for i in range(1, 25):
        memory = module.remember(memory, states[:, i - 1], i)
    for found in (module.past(memory, 24), module(states, True)[:, -1]):
        assert found.dtype == dtype
        assert_close(found.double(), expected, **HALF[dtype])


def test_concat_maps_to_any_width() -> None:
    module = build("concat", output_dim=2)
    states = torch.randn(N_SENTENCES, N_LAYERS, STATE_DIM)
    found = module(states, True)
    assert found.shape == (N_SENTENCES, N_LAYERS, 2)
    assert_close(found[:, -1].double(), naive(module, "concat")(states, 1), **REFERENCE)


def test_rejects_an_unknown_strategy() -> None:
    message = "must be one of concat, max, avg, attn, lstm, but is 'sum' instead"
    with pytest.raises(ValueError, match=message):
        build_incorporation("sum", 4, 3, 4)
