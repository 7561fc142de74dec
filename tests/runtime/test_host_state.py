"""The state of the host process is no business of a runtime: same answers, bit for bit."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pf_fairseq.backbones.roberta import RobertaEncoder
from pf_fairseq.modules.exits import PastFutureExits
from pf_fairseq.modules.steps.past_future import past_future_steps
from pf_fairseq.runtime.early_exit import EarlyExitRuntime
from tests.modules.random_weights import randomise
from tests.runtime.tiny import (
    FORMS,
    KINDS,
    MAX_POSITIONS,
    N_CLASSES,
    N_LAYERS,
    SHAPE,
    VOCAB_SIZE,
    draw_sentences,
    pad,
    reload,
    shared_runtime,
)

TOKENS = pad(draw_sentences(8))
TAUS = torch.linspace(0.2, 1.0, 8)
LAYERS = torch.arange(8) % N_LAYERS + 1
EMPTY = torch.zeros(0, 4, dtype=torch.int64)
NO_TAUS, NO_LAYERS = torch.zeros(0), torch.zeros(0, dtype=torch.int64)


def all_answers(module: Any) -> list[Tensor]:
    """Every tensor that the public methods return."""
    return [
        *module(TOKENS),
        *module(TOKENS, TAUS),
        *module.forward_at(TOKENS, LAYERS),
        module.exit_logits(TOKENS),
        *module.record_exits(TOKENS),
        *module(EMPTY),
        *module(EMPTY, NO_TAUS),
        *module.forward_at(EMPTY, NO_LAYERS),
        module.exit_logits(EMPTY),
    ]


@contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def default_device() -> Iterator[None]:
    torch.set_default_device("meta")  # whatever is made without a device has no numbers
    try:
        yield
    finally:
        torch.set_default_device(None)


@contextmanager
def deterministic() -> Iterator[None]:
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


STATES: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "float64": lambda: default_dtype(torch.float64),
    "bfloat16": lambda: default_dtype(torch.bfloat16),
    "float16": lambda: default_dtype(torch.float16),
    "default_device": default_device,
    "deterministic": deterministic,
    "grad": torch.enable_grad,
    "no_grad": torch.no_grad,
    "inference": torch.inference_mode,
}


def assert_same(found: list[Tensor], expected: list[Tensor]) -> None:
    for one, other in zip(found, expected, strict=True):
        assert (one.dtype, one.device, one.shape) == (other.dtype, other.device, other.shape)
        assert torch.equal(one, other) and not one.requires_grad


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["folded", "tanh", "attn", "lstm"])
@pytest.mark.parametrize("state", STATES)
def test_answers_are_those_of_a_plain_host(state: str, kind: str, form: str) -> None:
    module = shared_runtime(kind, form)
    expected = all_answers(module)
    with STATES[state]():
        for _ in range(3):  # TorchScript's optimiser acts from the second call on
            assert_same(all_answers(module), expected)


@pytest.mark.parametrize("state", ["float64", "bfloat16", "float16"])
def test_a_module_scripted_and_loaded_there_answers_alike(state: str) -> None:
    module = shared_runtime()
    expected = all_answers(module)
    with STATES[state]():
        assert_same(all_answers(reload(torch.jit.script(module))), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_autocast_is_turned_off(kind: str) -> None:
    module = shared_runtime(kind)
    expected = all_answers(module)
    with torch.autocast("cpu", torch.bfloat16):
        assert_same(all_answers(module), expected)


def test_parameters_that_could_train_record_no_gradient() -> None:
    module = runtime_with_dropout().requires_grad_(True)
    assert all(not answer.requires_grad for answer in all_answers(module))


def runtime_with_dropout() -> EarlyExitRuntime:
    """A runtime out of parts that were trained with every kind of dropout."""
    rates = {"dropout": 0.5, "attention_dropout": 0.5, "activation_dropout": 0.5}
    encoder = RobertaEncoder(type(SHAPE)(**{**vars(SHAPE), **rates}))
    exits = PastFutureExits(
        SHAPE.hidden_dim, N_LAYERS, N_CLASSES, type(KINDS["folded"])(dropout=0.5)
    )
    randomise(encoder, std=1.0, seed=1)
    randomise(exits, seed=2)
    runtime = EarlyExitRuntime(
        encoder, past_future_steps(exits), vocab_size=VOCAB_SIZE, max_positions=MAX_POSITIONS
    )
    assert encoder.layers[0].dropout.p == 0.5, "the trained encoder keeps its own"
    return runtime.eval().requires_grad_(False)


@pytest.mark.parametrize("form", FORMS)
def test_train_of_a_parent_brings_no_dropout_back(form: str) -> None:
    module: Any = runtime_with_dropout()
    if form != "eager":
        module = torch.jit.script(module)
    if form == "loaded":
        module = reload(module)
    expected = all_answers(module)
    student = nn.Sequential(module, nn.Linear(2, 2))
    student.train()
    with nullcontext() if form == "eager" else torch.no_grad():
        for _ in range(3):
            assert_same(all_answers(module), expected)


def test_the_runtime_shares_its_encoder_with_training() -> None:
    encoder = RobertaEncoder(SHAPE)
    exits = PastFutureExits(SHAPE.hidden_dim, N_LAYERS, N_CLASSES, KINDS["folded"])
    runtime = EarlyExitRuntime(
        encoder, past_future_steps(exits), vocab_size=VOCAB_SIZE, max_positions=MAX_POSITIONS
    )
    shared = {parameter.data_ptr() for parameter in encoder.parameters()}
    assert shared <= {parameter.data_ptr() for parameter in runtime.parameters()}
