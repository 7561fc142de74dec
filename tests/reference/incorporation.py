"""G(.) of Eqs. (1) and (6): one sentence, all states that G sees in a list.

Never imports the code under test.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor


def incorporate(
    strategy: str, states: list[Tensor], first_layer: int, parameters: Mapping[str, Tensor]
) -> Tensor:
    """Make one vector out of many.

    Args:
        strategy: `concat`, `max`, `avg`, `attn` or `lstm`.
        states: `(D,)` each, of the layers `first_layer`, `first_layer + 1`, ...
        first_layer: 1-based.
        parameters: of the strategy, by name.
    """
    if strategy == "concat":
        return _concatenate(states, first_layer, parameters["blocks"], parameters["bias"])
    if strategy == "attn":
        # A softmax over one state is 1, whatever the query.
        return states[0] if len(states) == 1 else _attend(states, parameters["query.weight"])
    if strategy == "lstm":
        return _read_in_order(states, parameters)
    return _maximum(states) if strategy == "max" else _average(states)


def _maximum(states: list[Tensor]) -> Tensor:
    elements = []
    for k in range(len(states[0])):
        elements.append(max((state[k] for state in states), key=Tensor.item))
    return torch.stack(elements)


def _average(states: list[Tensor]) -> Tensor:
    total = torch.zeros_like(states[0])
    for state in states:
        total = total + state
    return total / len(states)


def _concatenate(states: list[Tensor], first_layer: int, blocks: Tensor, bias: Tensor) -> Tensor:
    """One long vector through one wide linear layer."""
    last_layer = first_layer + len(states) - 1
    wide = torch.cat([blocks[layer - 1] for layer in range(first_layer, last_layer + 1)], dim=1)
    return wide @ torch.cat(states) + bias


def _attend(states: list[Tensor], query_map: Tensor) -> Tensor:
    """Softmax of scaled dot products with the last state's query."""
    query = query_map @ states[-1]
    scores = [(query * state).sum() / math.sqrt(len(query)) for state in states]
    exponentials = [torch.exp(score - max(map(Tensor.item, scores))) for score in scores]
    total = sum(exponentials, torch.zeros_like(scores[0]))
    result = torch.zeros_like(states[0])
    for exponential, state in zip(exponentials, states, strict=True):
        result = result + exponential / total * state
    return result


def _read_in_order(states: list[Tensor], parameters: Mapping[str, Tensor]) -> Tensor:
    """An LSTM with its four gates written out; the last hidden output."""
    weight, recurrent = parameters["cell.weight_ih"], parameters["cell.weight_hh"]
    bias = parameters["cell.bias_ih"] + parameters["cell.bias_hh"]
    hidden, carry = torch.zeros_like(states[0]), torch.zeros_like(states[0])
    for state in states:
        into, forget, candidate, out = (weight @ state + recurrent @ hidden + bias).chunk(4)
        carry = torch.sigmoid(forget) * carry + torch.sigmoid(into) * torch.tanh(candidate)
        hidden = torch.sigmoid(out) * torch.tanh(carry)
    return hidden
