"""The merging gate: how much to trust the past against the imitated future."""

import torch
from torch import Tensor, nn


class MergingGate(nn.Module):
    r"""Eq. (7): :math:`\alpha = \sigma(\mathrm{FFN}(x))`, one scalar a sentence and exit.

    Our choices where the paper is silent: a scalar rather than one weight per dimension, and a
    gate of its own for every exit that has a future (1 .. n - 1), since the worth of imitation
    changes with depth. It starts at 1/2.

    Args:
        input_dim: width of what the gate reads.
        n_layers: depth `n`.
    """

    def __init__(self, input_dim: int, n_layers: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(n_layers - 1, input_dim))
        self.bias = nn.Parameter(torch.zeros(n_layers - 1))

    def forward(self, inputs: Tensor) -> Tensor:
        """Alpha of all exits with a future: `(B, n - 1, input_dim)` to `(B, n - 1, 1)`."""
        return torch.sigmoid((inputs * self.weight).sum(dim=-1) + self.bias).unsqueeze(-1)
