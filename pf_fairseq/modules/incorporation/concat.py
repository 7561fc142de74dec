"""Concatenation and a linear layer, kept as a running sum."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pf_fairseq.modules.imitation import future_mask
from pf_fairseq.modules.incorporation.strategy import Incorporation
from pf_fairseq.modules.stacked import multiply_stacked


class ConcatIncorporation(Incorporation):
    r"""Linear map of the concatenated states, one block :math:`A_k` per layer.

    :math:`G(s_1 .. s_i) = \sum_{k \le i} A_k s_k + b`. The blocks are shared by all exits and by
    past and future (our reading of the paper, which gives no shapes), so the past is a running
    sum and exit `i` costs one block.

    Args:
        state_dim: width `D` of a state.
        n_layers: depth `n`.
        output_dim: width `O` of the sum: `D` to merge states, `C` to merge logits.
    """

    def __init__(self, state_dim: int, n_layers: int, output_dim: int) -> None:
        super().__init__()
        self.blocks = nn.Parameter(torch.empty(n_layers, output_dim, state_dim))
        self.bias = nn.Parameter(torch.zeros(output_dim))
        nn.init.normal_(self.blocks, std=0.02)

    def forward(self, states: Tensor, detach_past: bool) -> Tensor:
        """Past of every exit, `(B, L, D)` to `(B, L, O)`."""
        if detach_past:  # both in one product, so that the blocks' gradient is written once
            both = multiply_stacked(torch.cat([states, states.detach()]), self.blocks)
            current, seen = both.chunk(2)
        else:
            current = seen = multiply_stacked(states, self.blocks)
        # Summed up in fp32, as a running sum in half precision would lose the late layers.
        before = seen.float().cumsum(dim=1) - seen.float()
        return (before + current.float() + self.bias.float()).to(states.dtype)

    def alone(self, states: Tensor) -> Tensor:
        """G over a single state of each exit, `(B, L, D)` to `(B, L, O)`."""
        return multiply_stacked(states, self.blocks) + self.bias

    def all_futures(self, imitated: Tensor) -> Tensor:
        """Future of every exit, `(B, L - 1, L - 1, D)` to `(B, L - 1, O)`, in one product.

        Layer 1 is given zeros: leaving out its block would cost a copy of the whole gradient.
        """
        n_exits = imitated.size(1)
        mask = future_mask(n_exits + 1, imitated.device).unsqueeze(-1)
        by_target = F.pad((imitated * mask).flatten(0, 1), [0, 0, 1, 0])
        terms = multiply_stacked(by_target, self.blocks)
        total = terms.sum(dim=1, dtype=torch.float32) + self.bias.float()
        return total.to(imitated.dtype).view(-1, n_exits, total.size(-1))
