"""Linear layers of all exits in one parameter, used all at once."""

import torch
from torch import Tensor, nn


class StackedLinear(nn.Module):
    """`n` independent linear layers, one per encoder layer.

    Args:
        n: how many layers are stacked.
        in_dim: width of an input.
        out_dim: width of an output.
    """

    def __init__(self, n: int, in_dim: int, out_dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n, out_dim, in_dim))
        self.bias = nn.Parameter(torch.zeros(n, out_dim))
        nn.init.normal_(self.weight, std=0.02)  # as BERT initialises its linear layers

    def forward(self, inputs: Tensor) -> Tensor:
        """Apply layer `k` to `inputs[:, k]`: `(B, m, in_dim)` to `(B, m, out_dim)`, `m <= n`."""
        weight: Tensor = self.weight
        bias: Tensor = self.bias
        if inputs.size(1) < weight.size(0):  # slicing costs a copy of the whole gradient
            weight, bias = weight[: inputs.size(1)], bias[: inputs.size(1)]
        return multiply_stacked(inputs, weight) + bias


def multiply_stacked(inputs: Tensor, weight: Tensor) -> Tensor:
    """Multiply `inputs[:, k]` by matrix `k`: `(B, n, I)` and `(n, O, I)` to `(B, n, O)`.

    The weight stands on the left, so that its gradient has its own layout and is not copied.
    """
    return torch.bmm(weight, inputs.permute(1, 2, 0)).permute(2, 0, 1)
