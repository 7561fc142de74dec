"""A layer's state, from the hidden vectors of one sentence's tokens.

Never imports the code under test.
"""

import torch
from torch import Tensor


def summary(hidden: list[Tensor], readout: str) -> Tensor:
    """First token, mean of the tokens, or both side by side.

    Args:
        hidden: `(H,)` of each token of the sentence, padding left out.
        readout: `first`, `mean` or `both`.
    """
    first, total = hidden[0], torch.zeros_like(hidden[0])
    for token in hidden:
        total = total + token
    mean = total / len(hidden)
    return {"first": first, "mean": mean, "both": torch.cat([first, mean])}[readout]


def pool(vector: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """tanh of a dense layer, element by element: `(D,)`."""
    elements = []
    for row, shift in zip(weight, bias, strict=True):
        elements.append(torch.tanh((row * vector).sum() + shift))
    return torch.stack(elements)
