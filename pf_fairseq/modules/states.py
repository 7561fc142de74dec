"""From a layer's hidden states to the one vector that its exit sees."""

from typing import Final

import torch
from torch import Tensor, nn

from pf_fairseq.modules.choices import check_choice
from pf_fairseq.modules.stacked import StackedLinear

READOUTS = ("first", "mean", "both")
STATES = ("pooled", "raw")


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

    def summarise(self, hidden: Tensor, is_token: Tensor | None) -> Tensor:
        """Read one vector out of a layer.

        Args:
            hidden: `(B, T, H)`.
            is_token: bool `(B, T)`, False at padding; None when there is none.

        Returns:
            `(B, H)`, or `(B, 2 H)` for `both`.
        """
        if self.readout == "first":
            return hidden[:, 0]
        return torch.bmm(self._weights(hidden, is_token), hidden).flatten(1)

    def _weights(self, hidden: Tensor, is_token: Tensor | None) -> Tensor:
        """What each token counts: `(B, 1, T)`, or `(B, 2, T)` for `both`.

        One product reads both vectors, so that a layer's gradient is written once. It sums in
        fp32 whatever the dtype, and the weights add up to 1, so that nothing overflows.
        """
        n_tokens = hidden.size(1)
        mean = torch.full_like(hidden[..., 0], 1.0 / n_tokens)
        if is_token is not None:
            mean = (is_token / is_token.sum(dim=1, keepdim=True)).to(hidden.dtype)
        if self.readout == "mean":
            return mean.unsqueeze(1)
        first = torch.arange(n_tokens, device=hidden.device) == 0
        return torch.stack([first.to(hidden.dtype).expand_as(mean), mean], dim=1)

    def forward(self, summaries: Tensor) -> Tensor:
        """States of all layers: `(B, L, summary_dim)` to `(B, L, D)`."""
        states: Tensor = self.dropout(summaries)
        if self.dense is not None:
            states = self.dropout(torch.tanh(self.dense(states)))
        return states

    def at(self, summary: Tensor, layer: int) -> Tensor:
        """State of `layer` (1-based): `(B, summary_dim)` to `(B, D)`."""
        state: Tensor = self.dropout(summary)
        if self.dense is not None:
            state = self.dropout(torch.tanh(self.dense.at(state, layer)))
        return state
