"""A call answers the same the first time and the tenth, in any mode of torch."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
import torch
from torch.testing import assert_close

from tests.runtime.answers import Result, threshold_between
from tests.runtime.tiny import (
    N_LAYERS,
    build_runtime,
    draw_sentences,
    naive_answers,
    pad,
    reload,
    shared_runtime,
)
from tests.tolerances import SCRIPTED


def assert_same(found: Result, expected: Result) -> None:
    assert torch.equal(found[1], expected[1])  # discrete: exact
    assert_close(found[0], expected[0], **SCRIPTED)
    assert_close(found[2], expected[2], **SCRIPTED)


@pytest.fixture(params=[True, False], ids=["profiling", "simple"])
def executor(request: pytest.FixtureRequest) -> Iterator[None]:
    """TorchScript's two ways to run a graph; the first one optimises after a call or two."""
    before = torch._C._jit_set_profiling_mode(request.param)
    yield
    torch._C._jit_set_profiling_mode(before)


@pytest.mark.usefixtures("executor")
@pytest.mark.parametrize(
    "mode",
    [torch.inference_mode, torch.no_grad, torch.enable_grad],
    ids=lambda mode: mode.__name__,
)
@pytest.mark.parametrize("kind", ["folded", "lstm", "attn"])
def test_later_calls_answer_as_the_first(
    kind: str, mode: Callable[[], AbstractContextManager[None]]
) -> None:
    """Once the optimiser dropped a write in place, from the third call on."""
    runtime = reload(torch.jit.script(build_runtime(kind)))  # fresh: nothing is optimised yet
    eager = shared_runtime(kind)
    calls = []
    for sentences in (draw_sentences(n, seed=n) for n in (7, 7, 7, 1, 12, 7)):
        tokens, layers = pad(sentences), torch.arange(len(sentences)) % N_LAYERS + 1
        tau = torch.tensor(threshold_between(naive_answers(sentences, kind), 0.5))
        calls.append((tokens, tau, layers, eager(tokens, tau), eager.forward_at(tokens, layers)))
    with mode():
        for tokens, tau, layers, expected, expected_at in calls:
            assert_same(runtime(tokens, tau), expected)
            assert_same(runtime.forward_at(tokens, layers), expected_at)


def test_inputs_are_left_as_they_were() -> None:
    tokens, tau = pad(draw_sentences(5)), torch.full((5,), 0.7)
    copies = tokens.clone(), tau.clone()
    shared_runtime()(tokens, tau)
    assert torch.equal(tokens, copies[0]) and torch.equal(tau, copies[1])
