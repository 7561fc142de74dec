"""Eq. (2): one learner per target layer, one after another. Never imports the code under test."""

import torch
from torch import Tensor


def imitate(
    state: Tensor,
    weight: Tensor,
    bias: Tensor,
    *,
    exit_layer: int,
    n_layers: int,
    activation: str,
) -> list[Tensor]:
    """Imitated states of the layers `exit_layer + 1 .. n_layers` from the state `(D,)`.

    Args:
        state: s_i.
        weight: W_2 .. W_n below each other, `((n - 1) D, D)`.
        bias: b_2 .. b_n, `((n - 1) D,)`.
        exit_layer: i, 1-based.
        n_layers: n.
        activation: `none` or `tanh`.
    """
    width = len(state)
    imitated = []
    for target in range(exit_layer + 1, n_layers + 1):
        rows = slice((target - 2) * width, (target - 1) * width)
        learned = weight[rows] @ state + bias[rows]
        imitated.append(torch.tanh(learned) if activation == "tanh" else learned)
    return imitated
