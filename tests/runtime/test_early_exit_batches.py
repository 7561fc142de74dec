"""A batch is its sentences one by one, however it is put together."""

import math
import random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from pf_fairseq.modules.layout import Layout
from tests.runtime.answers import Result, threshold_between
from tests.runtime.tiny import (
    FORMS,
    KINDS,
    MAX_POSITIONS,
    N_CLASSES,
    N_LAYERS,
    VOCAB_SIZE,
    draw_sentences,
    naive_answers,
    pad,
    shared_runtime,
)
from tests.tolerances import BATCHED

every_form = pytest.mark.parametrize("form", FORMS)


def assert_same(found: Result, expected: Result) -> None:
    assert torch.equal(found[1], expected[1])  # discrete: exact
    assert_close(found[0], expected[0], **BATCHED)
    assert_close(found[2], expected[2], **BATCHED)


def thresholds_of_their_own(sentences: list[list[int]], kind: str) -> Tensor:
    """For each sentence a threshold halfway between two of its entropies, `(B,)`."""
    draw, taus = random.Random(0), []
    for answers in naive_answers(sentences, kind):
        entropies = sorted(answer.entropy for answer in answers)
        place = draw.randrange(len(entropies) - 1)
        taus.append((entropies[place] + entropies[place + 1]) / 2)
    return torch.tensor(taus)


@every_form
@pytest.mark.parametrize("kind", ["folded-logit", "attn", "max"])
def test_64_at_once_are_64_alone(kind: str, form: str) -> None:
    runtime, sentences = shared_runtime(kind, form), draw_sentences(64, seed=5)
    thresholds = thresholds_of_their_own(sentences, kind)
    alone = [
        runtime(pad([sentence]), thresholds[row : row + 1])
        for row, sentence in enumerate(sentences)
    ]
    logits, exit_layer, entropy = (torch.cat(column) for column in zip(*alone, strict=True))
    assert len(exit_layer.unique()) > 2, "too few exits are taken to prove much"
    assert_same(runtime(pad(sentences), thresholds), (logits, exit_layer, entropy))


@every_form
def test_order_does_not_matter(form: str) -> None:
    runtime, sentences = shared_runtime(form=form), draw_sentences(20, seed=3)
    tau = torch.tensor(threshold_between(naive_answers(sentences), 0.5))
    order = torch.randperm(20, generator=torch.Generator().manual_seed(0))
    logits, exit_layer, entropy = runtime(pad(sentences), tau)
    shuffled = runtime(pad(sentences)[order], tau)
    assert_same(shuffled, (logits[order], exit_layer[order], entropy[order]))


@every_form
def test_surplus_padding_does_not_matter(form: str) -> None:
    runtime, sentences = shared_runtime(form=form), [[5, 6, 7], [8], [9, 4]]
    tau = torch.tensor(threshold_between(naive_answers(sentences), 0.5))
    assert_same(runtime(pad(sentences, MAX_POSITIONS), tau), runtime(pad(sentences), tau))


def test_padding_is_cut_and_survivors_are_compacted() -> None:
    """Layers see no column that all active sentences lack."""
    runtime = shared_runtime()
    sentences = [[5] * 4, [6] * 9, [7] * 2]
    leave_at = torch.tensor([5, 2, 3])
    seen: list[tuple[int, ...]] = []

    def note(module: object, inputs: tuple[Tensor, Layout]) -> None:
        assert inputs[1].mask.shape == inputs[0].shape[:2]
        seen.append(tuple(inputs[0].shape[:2]))

    hooks = [layer.register_forward_pre_hook(note) for layer in runtime.core.encoder.layers]
    runtime.forward_at(pad(sentences, MAX_POSITIONS), leave_at)
    for hook in hooks:
        hook.remove()
    assert seen == [(3, 9), (3, 9), (2, 4), (1, 4), (1, 4)]


def test_no_layer_runs_once_all_have_left() -> None:
    runtime = shared_runtime()
    calls = []
    hook = runtime.core.encoder.layers[2].register_forward_pre_hook(lambda *_: calls.append(1))
    runtime.forward_at(pad(draw_sentences(4)), torch.tensor([1, 2, 2, 1]))
    assert calls == []
    runtime(pad(draw_sentences(4)), torch.tensor(math.inf))
    assert calls == []
    runtime(pad(draw_sentences(4)), torch.tensor(0.0))
    assert calls == [1]
    hook.remove()


@every_form
@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_batch_gives_empty_outputs(kind: str, form: str) -> None:
    runtime = shared_runtime(kind, form)
    empty = torch.zeros(0, 7, dtype=torch.int64)
    for result in (
        runtime(empty),
        runtime(empty, torch.tensor(0.5)),
        runtime(empty, torch.zeros(0)),
        runtime(torch.zeros(0, 0, dtype=torch.int64)),
        runtime.forward_at(empty, torch.zeros(0, dtype=torch.int64)),
    ):
        shapes = [tuple(tensor.shape) for tensor in result]
        assert shapes == [(0, N_CLASSES), (0,), (0,)]
        dtypes = [tensor.dtype for tensor in result]
        assert dtypes == [torch.float32, torch.int64, torch.float32]


@every_form
def test_a_single_token_and_the_longest_sentence(form: str) -> None:
    runtime = shared_runtime(form=form)
    for sentence in ([5], [5] * MAX_POSITIONS, [VOCAB_SIZE - 1], [0]):
        logits, exit_layer, _ = runtime(pad([sentence]), torch.tensor(0.0))
        expected = naive_answers([sentence])[0][-1]
        assert_close(logits[0], torch.tensor(expected.logits), **BATCHED)
        assert exit_layer.tolist() == [N_LAYERS]


@every_form
def test_tokens_need_not_be_contiguous(form: str) -> None:
    runtime, tokens = shared_runtime(form=form), pad(draw_sentences(6), MAX_POSITIONS)
    tau = torch.tensor(0.6)
    expected = runtime(tokens, tau)
    assert_same(runtime(tokens.t().contiguous().t(), tau), expected)
    wide = torch.stack([tokens, tokens], dim=2).flatten(1)
    assert_same(runtime(wide[:, ::2], tau), expected)


@every_form
@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16], ids=str)
def test_any_floating_threshold_will_do(dtype: torch.dtype, form: str) -> None:
    runtime, tokens = shared_runtime(form=form), pad(draw_sentences(6))
    tau = torch.tensor(0.5, dtype=dtype)  # a number that each dtype holds exactly
    assert_same(runtime(tokens, tau), runtime(tokens, torch.tensor(0.5)))
    assert_same(runtime(tokens, tau.repeat(6)), runtime(tokens, torch.tensor(0.5)))


@settings(deadline=None, max_examples=50)
@given(
    sentences=st.lists(
        st.lists(st.integers(2, VOCAB_SIZE - 1), min_size=1, max_size=MAX_POSITIONS),
        min_size=1,
        max_size=8,
    ),
    kind=st.sampled_from(sorted(KINDS)),
    surplus=st.integers(0, MAX_POSITIONS),
    data=st.data(),
)
def test_any_batch_is_its_sentences_alone(
    sentences: list[list[int]], kind: str, surplus: int, data: st.DataObject
) -> None:
    runtime = shared_runtime(kind)
    width = min(MAX_POSITIONS, max(map(len, sentences)) + surplus)
    taus = data.draw(
        st.lists(
            st.sampled_from([0.0, 0.4, 0.7, 0.9, 2.0]),
            min_size=len(sentences),
            max_size=len(sentences),
        )
    )
    logits, exit_layer, entropy = runtime(pad(sentences, width), torch.tensor(taus))
    for row, (sentence, tau) in enumerate(zip(sentences, taus, strict=True)):
        found = (logits[row : row + 1], exit_layer[row : row + 1], entropy[row : row + 1])
        # Forced to the same exit: an entropy on the threshold's very edge may go either way.
        assert_same(runtime.forward_at(pad([sentence]), exit_layer[row : row + 1]), found)
        if int(exit_layer[row]) < N_LAYERS:
            assert float(entropy[row]) < tau
