"""Early exit as section 3.4 tells it: one sentence at a time, one layer after another.

Never imports the code under test.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from tests.reference.exiting import entropy
from tests.reference.states import summary

Layer = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class NaiveModel:
    """An encoder and exits that know one sentence at a time.

    Attributes:
        embed: ids `(T,)` to hidden vectors `(T, H)`.
        layers: each from `(T, H)` to `(T, H)`.
        readout: `first`, `mean` or `both`.
        state_of: from a layer's readout and its number (from 1) to its state.
        logits_of: from s_1 .. s_i to the logits of exit i.
    """

    embed: Layer
    layers: Sequence[Layer]
    readout: str
    state_of: Callable[[Tensor, int], Tensor]
    logits_of: Callable[[list[Tensor]], Tensor]


@dataclass(frozen=True)
class Answer:
    """What a sentence gets."""

    logits: list[float]
    exit_layer: int
    entropy: float


def all_exits(model: NaiveModel, sentence: Tensor) -> list[Answer]:
    """Every exit's answer for one sentence `(T,)` without padding."""
    hidden = model.embed(sentence)
    states: list[Tensor] = []
    answers = []
    for number, layer in enumerate(model.layers, start=1):
        hidden = layer(hidden)
        states.append(model.state_of(summary(list(hidden), model.readout), number))
        logits = model.logits_of(states).tolist()
        answers.append(Answer(logits, number, entropy(logits)))
    return answers


def leave(answers: list[Answer], tau: float, *, first: int = 1, interval: int = 1) -> Answer:
    """The answer of the exit where the sentence leaves.

    Args:
        answers: of every exit, in order.
        tau: threshold in nats.
        first: first layer that is checked.
        interval: layers from one check to the next.
    """
    n_layers = len(answers)
    layer = first
    while layer < n_layers:
        if answers[layer - 1].entropy < tau:
            return answers[layer - 1]
        layer += interval
    return answers[-1]


def distance_to_threshold(answers: list[Answer], tau: float) -> float:
    """How near an entropy of this sentence comes to the threshold, in nats."""
    if tau <= 0 or math.isinf(tau):
        return math.inf  # no entropy is below zero, or beyond infinity, however it is rounded
    return min(abs(answer.entropy - tau) for answer in answers[:-1])
