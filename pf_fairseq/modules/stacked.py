"""Linear layers of all exits in one parameter, used all at once or one at a time."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


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
        weight, bias = self.weight, self.bias
        if inputs.size(1) < weight.size(0):  # slicing costs a copy of the whole gradient
            weight, bias = weight[: inputs.size(1)], bias[: inputs.size(1)]
        products = torch.bmm(inputs.transpose(0, 1), weight.transpose(1, 2))
        return products.transpose(0, 1) + bias

    def at(self, inputs: Tensor, layer: int) -> Tensor:
        """Apply the linear of `layer` (1-based) alone: `(B, in_dim)` to `(B, out_dim)`."""
        return F.linear(inputs, self.weight[layer - 1], self.bias[layer - 1])
