"""Every bad input is refused in one sentence, the same in every form, and nothing is broken."""

from typing import Any

import pytest
import torch

from tests.runtime.bad_calls import BAD_CALLS, BAD_FORCED_CALLS, GOOD, BadCall, BadForcedCall
from tests.runtime.tiny import FORMS, shared_runtime

every_form = pytest.mark.parametrize("form", FORMS)


def sentence_of(error: Exception) -> str:
    """What a person reads: TorchScript puts its own trace above it."""
    return str(error).strip().splitlines()[-1].removeprefix("builtins.ValueError: ")


def assert_usable(runtime: Any) -> None:
    expected = shared_runtime()(GOOD, torch.tensor(0.5))
    found = runtime(GOOD, torch.tensor(0.5))
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


@every_form
@pytest.mark.parametrize("call", BAD_CALLS, ids=lambda call: call.name)
def test_a_bad_call_is_refused(call: BadCall, form: str) -> None:
    runtime = shared_runtime(form=form)
    wanted = ValueError if form == "eager" else torch.jit.Error
    with pytest.raises(wanted) as caught:
        runtime(call.tokens, call.threshold)
    assert sentence_of(caught.value) == call.message
    assert_usable(runtime)


@every_form
@pytest.mark.parametrize("call", BAD_FORCED_CALLS, ids=lambda call: call.name)
def test_a_bad_forced_call_is_refused(call: BadForcedCall, form: str) -> None:
    runtime = shared_runtime(form=form)
    wanted = ValueError if form == "eager" else torch.jit.Error
    with pytest.raises(wanted) as caught:
        runtime.forward_at(call.tokens, call.exit_layer)
    assert sentence_of(caught.value) == call.message
    assert_usable(runtime)


@every_form
def test_the_first_bad_sentence_is_named(form: str) -> None:
    tokens = torch.tensor([[5, 6], [1, 1], [99, 5], [1, 5]])
    with pytest.raises((ValueError, torch.jit.Error)) as caught:
        shared_runtime(form=form)(tokens)
    assert sentence_of(caught.value).startswith("sentence 1 is empty")


@every_form
def test_an_empty_batch_is_checked_too(form: str) -> None:
    runtime = shared_runtime(form=form)
    with pytest.raises((ValueError, torch.jit.Error)) as caught:
        runtime(torch.zeros(0, 3))
    assert "must be int64, but its dtype is float32" in sentence_of(caught.value)
    with pytest.raises((ValueError, torch.jit.Error)) as caught:
        runtime(torch.zeros(0, 3, dtype=torch.int64), torch.zeros(2))
    assert "one per sentence (0), but its shape is [2]" in sentence_of(caught.value)
