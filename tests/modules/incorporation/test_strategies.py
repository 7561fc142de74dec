"""Every strategy G, both faces, against one sentence's list of states."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from pf_fairseq.modules.incorporation import INCORPORATIONS, Incorporation, build_incorporation
from pf_fairseq.modules.steps.incorporation import IncorporationStep, incorporation_steps
from tests.modules.random_weights import randomise
from tests.reference.incorporation import incorporate
from tests.tolerances import HALF, REFERENCE

N_SENTENCES, N_LAYERS, STATE_DIM = 3, 5, 6

everywhere = pytest.mark.parametrize("strategy", INCORPORATIONS)


def build(strategy: str, output_dim: int = STATE_DIM) -> Incorporation:
    module = build_incorporation(strategy, STATE_DIM, N_LAYERS, output_dim)
    randomise(module)
    return module


def begin(
    module: Incorporation,
    *,
    use_past: bool = True,
    n_layers: int = N_LAYERS,
    n_sentences: int = N_SENTENCES,
) -> tuple[Tensor, list[IncorporationStep]]:
    """The memory before the first layer, and the steps of all layers."""
    steps = incorporation_steps(module, STATE_DIM, n_layers, use_past=use_past)
    return torch.zeros(n_sentences, steps[0].memory_dim), steps


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
    memory, steps = begin(module)
    for i, step in enumerate(steps, start=1):
        before = memory.clone()
        older, memory = memory, step.remember(memory, states[:, i - 1])
        assert torch.equal(older, before), "a memory is not written to"
        assert memory.shape == before.shape and memory.dtype == torch.float32
        found = step.past(memory, states[:, i - 1])
        assert_close(found.double(), g(states[:, :i], 1), **REFERENCE)


@everywhere
def test_a_sentence_can_be_taken_out_of_the_memory(strategy: str) -> None:
    module = build(strategy)
    states, kept = torch.randn(N_SENTENCES, N_LAYERS, STATE_DIM), torch.tensor([2, 0])
    memory, steps = begin(module)
    for i in range(1, 4):
        memory = steps[i - 1].remember(memory, states[:, i - 1])
    memory = steps[3].remember(memory.index_select(0, kept), states[kept, 3])
    expected = naive(module, strategy)(states[kept, :4], 1)
    assert_close(steps[3].past(memory, states[kept, 3]).double(), expected, **REFERENCE)


@everywhere
def test_futures(strategy: str) -> None:
    module = build(strategy)
    g = naive(module, strategy)
    imitated = torch.randn(N_SENTENCES, N_LAYERS - 1, N_LAYERS - 1, STATE_DIM)
    at_once = module.all_futures(imitated)
    _, steps = begin(module)
    for i in range(1, N_LAYERS):
        later = imitated[:, i - 1, i - 1 :]  # the layers i + 1 .. n
        assert_close(at_once[:, i - 1].double(), g(later, i + 1), **REFERENCE)
        assert_close(steps[i - 1].future(later).double(), g(later, i + 1), **REFERENCE)


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
        memory, steps = begin(module, use_past=False)
        memory = steps[i - 1].remember(torch.randn_like(memory), states[:, i - 1])
        assert_close(steps[i - 1].past(memory, states[:, i - 1]).double(), expected, **REFERENCE)


@everywhere
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_over_many_layers(strategy: str, dtype: torch.dtype) -> None:
    module = build_incorporation(strategy, STATE_DIM, 24, STATE_DIM)
    randomise(module, std=0.2)
    module.to(dtype)
    states = torch.randn(2, 24, STATE_DIM).to(dtype)
    expected = naive(module, strategy)(states, 1)
    memory, steps = begin(module, n_layers=24, n_sentences=2)
    for i, step in enumerate(steps):
        memory = step.remember(memory, states[:, i])
    for found in (steps[-1].past(memory, states[:, -1]), module(states, True)[:, -1]):
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
