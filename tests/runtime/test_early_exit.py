"""The runtime against a loop over sentences and layers, in every form."""

import math
import random

import pytest
import torch

from tests.reference.early_exit import leave
from tests.runtime.answers import check_result, check_thresholds, threshold_between
from tests.runtime.tiny import (
    FORMS,
    KINDS,
    N_CLASSES,
    N_LAYERS,
    build_runtime,
    draw_sentences,
    naive_answers,
    pad,
    shared_runtime,
)

SENTENCES = draw_sentences(23)
every_form = pytest.mark.parametrize("form", FORMS)


@every_form
@pytest.mark.parametrize("kind", KINDS)
def test_one_threshold_for_all(kind: str, form: str) -> None:
    runtime, answers = shared_runtime(kind, form), naive_answers(SENTENCES, kind)
    taken: set[int] = set()
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        tau = threshold_between(answers, share)
        taken.update(check_thresholds(runtime, pad(SENTENCES), answers, [tau] * len(SENTENCES)))
        expected = [leave(sentence, tau) for sentence in answers]
        check_result(runtime(pad(SENTENCES), torch.tensor(tau)), expected)
    assert len(taken) >= 3, "thresholds that show too few exits prove little"


@every_form
@pytest.mark.parametrize("kind", KINDS)
def test_one_threshold_per_sentence(kind: str, form: str) -> None:
    runtime, answers = shared_runtime(kind, form), naive_answers(SENTENCES, kind)
    draw = random.Random(0)
    choices = [-math.inf, 0.0, math.log(N_CLASSES) + 0.01, math.inf]
    choices += [threshold_between(answers, share) for share in (0.2, 0.4, 0.6, 0.8)]
    for _ in range(5):  # and so TorchScript's optimiser has its turn
        taus = [draw.choice(choices) for _ in SENTENCES]
        taken = check_thresholds(runtime, pad(SENTENCES), answers, taus)
        assert len(set(taken)) >= 2


@every_form
@pytest.mark.parametrize("tau", [0.0, -0.0, -1.0, -math.inf])
def test_at_or_below_zero_nobody_leaves_early(tau: float, form: str) -> None:
    _, exit_layer, _ = shared_runtime(form=form)(pad(SENTENCES), torch.tensor(tau))
    assert exit_layer.tolist() == [N_LAYERS] * len(SENTENCES)


@every_form
@pytest.mark.parametrize("tau", [math.log(N_CLASSES) + 1e-6, 7.0, math.inf])
def test_above_ln_c_everybody_leaves_at_the_first_exit(tau: float, form: str) -> None:
    _, exit_layer, _ = shared_runtime(form=form)(pad(SENTENCES), torch.tensor(tau))
    assert exit_layer.tolist() == [1] * len(SENTENCES)


def test_entropy_zero_leaves_at_any_positive_threshold() -> None:
    runtime = build_runtime("local")
    torch.nn.init.constant_(runtime.core.exits.start, 0.0)
    runtime.core.exits.start[0] = 1e4  # exit 1 is sure beyond what fp32 can tell
    tokens = pad(SENTENCES)
    _, exit_layer, entropy = runtime(tokens, torch.tensor(1e-45))
    assert not entropy.any() and exit_layer.tolist() == [1] * len(SENTENCES)
    _, exit_layer, _ = runtime(tokens, torch.tensor(0.0))
    assert exit_layer.tolist() == [N_LAYERS] * len(SENTENCES)


def test_nan_is_not_sure() -> None:
    runtime = build_runtime("local")
    runtime.core.exits.start[0] = math.nan  # exit 1 alone is broken
    _, exit_layer, entropy = runtime(pad(SENTENCES), torch.tensor(math.inf))
    assert exit_layer.tolist() == [2] * len(SENTENCES) and entropy.isfinite().all()


@pytest.mark.parametrize("scripted", [False, True], ids=["eager", "scripted"])
def test_without_a_threshold_the_default_holds(scripted: bool) -> None:
    answers = naive_answers(SENTENCES)
    tau = threshold_between(answers, 0.4)
    runtime = build_runtime(default_threshold=tau).requires_grad_(False)
    module = torch.jit.script(runtime) if scripted else runtime
    check_result(module(pad(SENTENCES)), [leave(sentence, tau) for sentence in answers])
    full_depth = module(pad(SENTENCES), torch.tensor(0.0))
    check_result(full_depth, [sentence[-1] for sentence in answers])


@pytest.mark.parametrize("scripted", [False, True], ids=["eager", "scripted"])
@pytest.mark.parametrize(("first", "interval"), [(2, 1), (1, 2), (2, 2), (3, 4), (5, 1)])
def test_where_exits_are_checked(first: int, interval: int, scripted: bool) -> None:
    answers = naive_answers(SENTENCES)
    runtime = build_runtime(min_exit_layer=first, check_interval=interval).requires_grad_(False)
    module = torch.jit.script(runtime) if scripted else runtime
    for share in (0.2, 0.5, 0.8):
        taus = [threshold_between(answers, share)] * len(SENTENCES)
        check_thresholds(module, pad(SENTENCES), answers, taus, first=first, interval=interval)
    _, exit_layer, _ = module(pad(SENTENCES), torch.tensor(math.inf))
    assert exit_layer.tolist() == [first] * len(SENTENCES)


@every_form
@pytest.mark.parametrize("kind", KINDS)
def test_forced_exits(kind: str, form: str) -> None:
    runtime, answers = shared_runtime(kind, form), naive_answers(SENTENCES, kind)
    for seed in range(4):
        draw = random.Random(seed)
        layers = [draw.randint(1, N_LAYERS) for _ in SENTENCES]
        result = runtime.forward_at(pad(SENTENCES), torch.tensor(layers))
        expected = [sentence[k - 1] for sentence, k in zip(answers, layers, strict=True)]
        check_result(result, expected)
    for layer in (1, 3, N_LAYERS):
        result = runtime.forward_at(pad(SENTENCES), torch.full((len(SENTENCES),), layer))
        check_result(result, [sentence[layer - 1] for sentence in answers])


def test_forced_exits_know_no_first_layer_and_no_interval() -> None:
    runtime = build_runtime(min_exit_layer=4, check_interval=3)
    layers = torch.arange(len(SENTENCES)) % N_LAYERS + 1
    found = runtime.forward_at(pad(SENTENCES), layers)
    expected = shared_runtime().forward_at(pad(SENTENCES), layers)
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
