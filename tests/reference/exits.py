"""Eqs. (6)-(8) for one sentence and one exit. Never imports the code under test."""

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor

from tests.reference.imitation import imitate
from tests.reference.incorporation import incorporate


class Options(Protocol):
    """What the exits are made of; see the names table of the exits' flags."""

    @property
    def incorporation(self) -> str: ...

    @property
    def merge_space(self) -> str: ...

    @property
    def learner_activation(self) -> str: ...

    @property
    def use_past(self) -> bool: ...

    @property
    def use_future(self) -> bool: ...

    @property
    def use_gate(self) -> bool: ...


def logits_of_exit(
    states: list[Tensor], n_layers: int, parameters: Mapping[str, Tensor], options: Options
) -> Tensor:
    """Logits `(C,)` of the exit after the last of `states`.

    Args:
        states: s_1 .. s_i, `(D,)` each.
        n_layers: n.
        parameters: of all exits, by name.
        options: what the exit looks at and how it merges it.
    """
    i = len(states)
    own = {
        name.removeprefix("incorporation."): tensor
        for name, tensor in parameters.items()
        if name.startswith("incorporation.")
    }
    past = (
        incorporate(options.incorporation, states, 1, own)
        if options.use_past
        else incorporate(options.incorporation, states[-1:], i, own)
    )
    if i == n_layers or not options.use_future:
        return classify(past, i, parameters)
    imitated = imitate(
        states[-1],
        parameters["learners.stacked.weight"],
        parameters["learners.stacked.bias"],
        exit_layer=i,
        n_layers=n_layers,
        activation=options.learner_activation,
    )
    future = incorporate(options.incorporation, imitated, i + 1, own)
    gate_input = past if "classifier.weight" in parameters else states[-1]
    alpha = gate(gate_input, i, parameters) if options.use_gate else 0.5
    if options.merge_space == "state":
        return classify(alpha * past + (1 - alpha) * future, i, parameters)
    past_logits, future_logits = classify(past, i, parameters), classify(future, i, parameters)
    return 2 * alpha * past_logits + (2 - 2 * alpha) * future_logits


def gate(vector: Tensor, exit_layer: int, parameters: Mapping[str, Tensor]) -> Tensor:
    """Eq. (7): one number between 0 and 1."""
    weight, bias = parameters["gate.weight"][exit_layer - 1], parameters["gate.bias"]
    return 1 / (1 + torch.exp(-(weight * vector).sum() - bias[exit_layer - 1]))


def classify(vector: Tensor, exit_layer: int, parameters: Mapping[str, Tensor]) -> Tensor:
    """The exit's own linear classifier; without one, the vector is the logits already."""
    if "classifier.weight" not in parameters:
        return vector
    weight, bias = parameters["classifier.weight"], parameters["classifier.bias"]
    return weight[exit_layer - 1] @ vector + bias[exit_layer - 1]
