"""From a layer's hidden states to the one vector that its exit sees."""

from typing import Final

import torch
from torch import Tensor, nn

from pf_fairseq.modules.choices import check_choice
from pf_fairseq.modules.layout import Layout
from pf_fairseq.modules.stacked import StackedLinear

READOUTS = ("first", "mean", "both")
STATES = ("pooled", "raw")


def summarise(hidden: Tensor, layout: Layout, readout: str) -> Tensor:
    """Read one vector out of a layer.

    One product reads both vectors of `both`, so that a layer's gradient is written once. It
    multiplies by 1 and by a power of two, which are exact in half precision, and sums in fp32;
    the mean is divided out afterwards, where weights of 1/T would be rounded.

    Args:
        hidden: `(B, T, H)`.
        layout: which places are tokens.
        readout: one of `READOUTS`.

    Returns:
        `(B, H)`, or `(B, 2 H)` for `both`.
    """
    if readout == "first":
        return hidden[:, 0]
    scale = 1.0 / 256.0  # a power of two, exact in every dtype: sums in fp16 do not overflow
    is_token = layout.mask.to(hidden.dtype)
    lengths = layout.mask.sum(dim=1, keepdim=True).to(torch.float32)
    weights = (is_token * scale).unsqueeze(1)
    factors = (1.0 / (lengths * scale)).unsqueeze(1)
    if readout == "both":
        places = torch.arange(hidden.size(1), dtype=torch.int64, device=hidden.device)
        first = places.eq(0).to(hidden.dtype).expand_as(is_token)
        weights = torch.cat([first.unsqueeze(1), weights], dim=1)
        factors = torch.cat([torch.ones_like(factors), factors], dim=1)
    sums = torch.bmm(weights, hidden).to(torch.float32)
    return (sums * factors).flatten(1).to(hidden.dtype)


class StateReadout(nn.Module):
    """Per-layer states: a readout of the sentence, then (if pooled) tanh(dense_i(.)).

    The paper's state is the first token's hidden state (`first`, `raw`); the released code of
    its authors pools it (`first`, `pooled`). The mean over the sentence's tokens, specials
    included, is ours: shallow layers have not yet gathered the sentence in the first token.
    `both` puts the two side by side, so that a pooled state costs one dense layer a layer.

    Args:
        hidden_dim: width `H` of the encoder.
        n_layers: depth `L`.
        readout: one of `READOUTS`.
        state: one of `STATES`.
        state_dim: width `D` of a pooled state; None: that of the encoder.
        dropout: probability of dropping an element of the readout and of the pooled state,
            in training.

    Raises:
        ValueError: if `readout` or `state` is unknown, or a raw state is to have another width.
    """

    pooled: Final[bool]
    readout: Final[str]

    def __init__(
        self,
        hidden_dim: int,
        n_layers: int,
        *,
        readout: str,
        state: str,
        dropout: float,
        state_dim: int | None = None,
    ) -> None:
        super().__init__()
        check_choice("readout", readout, READOUTS)
        check_choice("state", state, STATES)
        self.readout = readout
        self.pooled = state == "pooled"
        self.summary_dim = 2 * hidden_dim if readout == "both" else hidden_dim
        if state_dim is not None and not self.pooled:
            raise ValueError(
                f"`state_dim` must be left out for raw states, which have the width of the "
                f"readout, but is {state_dim} instead."
            )
        self.state_dim = (state_dim or hidden_dim) if self.pooled else self.summary_dim
        self.dropout = nn.Dropout(dropout)
        self.dense = (
            StackedLinear(n_layers, self.summary_dim, self.state_dim) if self.pooled else None
        )

    def summarise(self, hidden: Tensor, layout: Layout) -> Tensor:
        """Read one vector out of a layer: `(B, T, H)` to `(B, summary_dim)`."""
        return summarise(hidden, layout, self.readout)

    def forward(self, summaries: Tensor) -> Tensor:
        """States of all layers: `(B, L, summary_dim)` to `(B, L, D)`."""
        states: Tensor = self.dropout(summaries)
        if self.dense is not None:
            states = self.dropout(torch.tanh(self.dense(states)))
        return states
