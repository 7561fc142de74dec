"""Many threads call one loaded module."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from tests.runtime.tiny import N_LAYERS, build_runtime, draw_sentences, pad, reload
from tests.tolerances import SCRIPTED

N_THREADS, N_CALLS = 8, 320


def draw_call(number: int) -> tuple[str, Tensor, Tensor]:
    """Which method to call, with a batch and thresholds or layers of its own."""
    draw = random.Random(number)
    tokens = pad(draw_sentences(draw.randint(1, 12), seed=number))
    if number % 4 == 0:
        layers = [draw.randint(1, N_LAYERS) for _ in range(len(tokens))]
        return "forward_at", tokens, torch.tensor(layers)
    taus = [draw.choice([0.0, 0.1, 0.5, 0.8, 1.0, 9.0]) for _ in range(len(tokens))]
    return "forward", tokens, torch.tensor(taus)


@pytest.mark.parametrize("kind", ["folded", "attn"])
def test_eight_threads_get_the_answers_of_one(kind: str) -> None:
    eager = build_runtime(kind).requires_grad_(False)
    module = reload(torch.jit.script(eager))  # fresh: the threads meet its first, unoptimised calls
    calls = [draw_call(number) for number in range(N_CALLS)]
    expected = [getattr(eager, method)(*inputs) for method, *inputs in calls]
    with ThreadPoolExecutor(N_THREADS) as threads:
        futures = [threads.submit(getattr(module, method), *inputs) for method, *inputs in calls]
        results = [future.result() for future in futures]
    for found, serial in zip(results, expected, strict=True):
        assert torch.equal(found[1], serial[1])
        assert_close(found[0], serial[0], **SCRIPTED)
        assert_close(found[2], serial[2], **SCRIPTED)


def test_bad_input_of_one_thread_does_not_disturb_another() -> None:
    module = reload(torch.jit.script(build_runtime()))
    good, bad = pad(draw_sentences(5)), torch.full((2, 3), 10_000)
    expected = module(good)

    def call(number: int) -> Tensor | str:
        try:
            logits: Tensor = module(bad if number % 2 else good)[0]
            return logits
        except torch.jit.Error as error:
            return str(error).strip().splitlines()[-1]

    with ThreadPoolExecutor(N_THREADS) as threads:
        for number, result in enumerate(threads.map(call, range(100))):
            if isinstance(result, str):
                assert number % 2 and "sentence 0 has the id 10000" in result
            else:
                assert number % 2 == 0
                assert_close(result, expected[0], **SCRIPTED)
