"""Every kind of bad input of the contract, with the sentence that refuses it."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from tests.runtime.tiny import MAX_POSITIONS, N_LAYERS, PAD, VOCAB_SIZE

GOOD = torch.tensor([[5, 6, 7], [8, 9, PAD], [4, PAD, PAD]])
NO_COLUMN = torch.zeros(2, 0, dtype=torch.int64)
SHAPE_ONE = "`threshold` must be one number or one per sentence (3), but its shape is"
LAYER_SHAPE = "`exit_layer` must hold one layer per sentence (3), but its shape is"
FLAT = "`tokens` must have two dimensions (sentences, tokens), but has"


@dataclass(frozen=True)
class BadCall:
    """A call that must be refused with `message`, the whole of it."""

    name: str
    message: str
    tokens: Tensor = GOOD
    threshold: Tensor | None = None


@dataclass(frozen=True)
class BadForcedCall:
    """The same for `forward_at`."""

    name: str
    message: str
    exit_layer: Tensor
    tokens: Tensor = GOOD


def with_value(row: int, column: int, value: int) -> Tensor:
    """Good tokens but for one."""
    tokens = GOOD.clone()
    tokens[row, column] = value
    return tokens


def _type_calls() -> list[BadCall]:
    calls = [
        BadCall(
            f"tokens-{name}",
            f"`tokens` must be int64, but its dtype is {name} instead.",
            GOOD.to(dtype),
        )
        for dtype, name in {
            torch.int32: "int32",
            torch.int16: "int16",
            torch.int8: "int8",
            torch.uint8: "uint8",
            torch.float16: "float16",
            torch.bfloat16: "bfloat16",
            torch.float32: "float32",
            torch.float64: "float64",
            torch.complex64: "complex64",
            torch.complex128: "complex128",
            torch.bool: "bool",
            torch.uint16: "an uncommon one",
        }.items()
    ]
    calls += [
        BadCall(
            f"threshold-{name}",
            f"`threshold` must be a floating tensor, but its dtype is {name} instead.",
            threshold=torch.ones(3, dtype=dtype),
        )
        for dtype, name in {torch.int64: "int64", torch.bool: "bool"}.items()
    ]
    return calls


def _value_calls() -> list[BadCall]:
    foreign = f"but ids must be between 0 and {VOCAB_SIZE - 1}."
    empty = "is empty (all padding); every sentence needs at least one token."
    hole = f"has padding (id {PAD}) before a token; pad on the right."
    nan = "instead. Use 0 to never exit early."
    number = "`threshold` must be a number (nats), but is NaN for sentence"
    taus = torch.tensor([0.5, 0.5, math.nan])
    return [
        BadCall("id-beyond", f"sentence 1 has the id 30, {foreign}", with_value(1, 1, 30)),
        BadCall("id-huge", f"sentence 0 has the id {2**62}, {foreign}", with_value(0, 2, 2**62)),
        BadCall("id-negative", f"sentence 2 has the id -1, {foreign}", with_value(2, 0, -1)),
        BadCall("id-after-pad", f"sentence 1 has the id -7, {foreign}", with_value(1, 2, -7)),
        BadCall("all-padding", f"sentence 2 {empty}", with_value(2, 0, PAD)),
        BadCall("pad-first", f"sentence 0 {hole}", with_value(0, 0, PAD)),
        BadCall("pad-inside", f"sentence 0 {hole}", with_value(0, 1, PAD)),
        BadCall("nan", f"{number} 0 {nan}", threshold=torch.tensor(math.nan)),
        BadCall("nan-of-one", f"{number} 2 {nan}", threshold=taus),
        BadCall("nan-double", f"{number} 2 {nan}", threshold=taus.double()),
    ]


BAD_CALLS = [
    *_type_calls(),
    *_value_calls(),
    BadCall("scalar", f"{FLAT} 0 instead.", torch.tensor(5)),
    BadCall("flat", f"{FLAT} 1 instead.", GOOD[0]),
    BadCall("cube", f"{FLAT} 3 instead.", GOOD.unsqueeze(0)),
    BadCall(
        "too-long",
        f"`tokens` must be at most {MAX_POSITIONS} long, but is 13 long instead; "
        "truncate the sentence.",
        torch.full((1, MAX_POSITIONS + 1), 5),
    ),
    BadCall(
        "no-column", "sentence 0 is empty; every sentence needs at least one token.", NO_COLUMN
    ),
    BadCall("threshold-short", f"{SHAPE_ONE} [2] instead.", threshold=torch.zeros(2)),
    BadCall("threshold-one", f"{SHAPE_ONE} [1] instead.", threshold=torch.zeros(1)),
    BadCall("threshold-empty", f"{SHAPE_ONE} [0] instead.", threshold=torch.zeros(0)),
    BadCall("threshold-column", f"{SHAPE_ONE} [3, 1] instead.", threshold=torch.zeros(3, 1)),
]

RANGE = f"`exit_layer` must be between 1 and {N_LAYERS}, but goes from"
BAD_FORCED_CALLS = [
    BadForcedCall(
        "layer-int32",
        "`exit_layer` must be int64, but its dtype is int32 instead.",
        torch.ones(3, dtype=torch.int32),
    ),
    BadForcedCall(
        "layer-float32",
        "`exit_layer` must be int64, but its dtype is float32 instead.",
        torch.ones(3),
    ),
    BadForcedCall("layer-scalar", f"{LAYER_SHAPE} [] instead.", torch.tensor(1)),
    BadForcedCall("layer-short", f"{LAYER_SHAPE} [2] instead.", torch.tensor([1, 2])),
    BadForcedCall("layer-zero", f"{RANGE} 0 to 3 instead.", torch.tensor([3, 0, 1])),
    BadForcedCall("layer-beyond", f"{RANGE} 1 to 6 instead.", torch.tensor([1, 2, 6])),
    BadForcedCall("flat", f"{FLAT} 1 instead.", torch.tensor([1, 2, 3]), GOOD[0]),
    *(
        BadForcedCall(call.name, call.message, torch.tensor([1, 2, 3]), call.tokens)
        for call in _value_calls()
        if call.threshold is None
    ),
]
