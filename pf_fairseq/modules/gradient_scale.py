"""A factor on gradients that leaves values alone."""

from typing import Any

import torch
from torch import Tensor


def scale_gradient(inputs: Tensor, factors: Tensor) -> Tensor:
    """Give `inputs` back; what flows through here to them is multiplied by `factors`.

    Args:
        inputs: any shape.
        factors: broadcastable to `inputs`; 0 lets nothing through, 1 everything.
    """
    scaled: Tensor = _ScaledGradient.apply(inputs, factors)  # type: ignore[no-untyped-call]
    return scaled


class _ScaledGradient(torch.autograd.Function):
    """`g x + (1 - g) x.detach()` without its rounding and its two passes over `x`."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, factors: Tensor) -> Tensor:
        ctx.save_for_backward(factors)
        return inputs.view_as(inputs)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (factors,) = ctx.saved_tensors
        return gradient * factors.to(gradient.dtype), None
