"""The state of one layer, at inference."""

from typing import Final

import torch
from torch import Tensor, nn

from pf_fairseq.modules.layout import Layout
from pf_fairseq.modules.states import StateReadout, summarise
from pf_fairseq.modules.steps.step import own_linear


class LayerReadout(nn.Module):
    """`StateReadout` at one layer, without dropout.

    Args:
        readout: of all layers.
        layer: 1-based.
    """

    readout: Final[str]

    def __init__(self, readout: StateReadout, layer: int) -> None:
        super().__init__()
        self.readout = readout.readout
        self.dense: nn.Linear | None = None
        if readout.dense is not None:
            self.dense = own_linear(readout.dense.weight[layer - 1], readout.dense.bias[layer - 1])

    def forward(self, hidden: Tensor, layout: Layout) -> Tensor:
        """State `(B, D)` out of the hidden states `(B, T, H)`."""
        state = summarise(hidden, layout, self.readout)
        if self.dense is not None:
            state = torch.tanh(self.dense(state))
        return state
