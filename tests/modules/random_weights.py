"""Weights large enough that every part of a module shows in its output."""

import torch
from torch import nn


def randomise(module: nn.Module, *, std: float = 0.5, seed: int = 0) -> None:
    """Draw every parameter from N(0, std), in evaluation mode from now on."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * std)
    module.eval()
