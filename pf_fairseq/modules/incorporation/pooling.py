"""Max-pooling and average-pooling over states."""

import torch
from torch import Tensor

from pf_fairseq.modules.imitation import future_mask
from pf_fairseq.modules.incorporation.strategy import Incorporation


class MaxIncorporation(Incorporation):
    """Element-wise maximum of the states; the memory is the running maximum."""

    def forward(self, states: Tensor, detach_past: bool) -> Tensor:
        """Past of every exit, `(B, L, D)` to `(B, L, D)`."""
        if not detach_past:
            return torch.cummax(states, dim=1).values
        before = torch.cummax(states[:, :-1].detach(), dim=1).values
        return torch.cat([states[:, :1], torch.maximum(states[:, 1:], before)], dim=1)

    def all_futures(self, imitated: Tensor) -> Tensor:
        """Future of every exit, `(B, L - 1, L - 1, D)` to `(B, L - 1, D)`."""
        mask = future_mask(imitated.size(1) + 1, imitated.device).unsqueeze(-1)
        return imitated.masked_fill(~mask, float("-inf")).amax(dim=2)


class AvgIncorporation(Incorporation):
    """Mean of the states; the memory is the running sum."""

    def forward(self, states: Tensor, detach_past: bool) -> Tensor:
        """Past of every exit, `(B, L, D)` to `(B, L, D)`."""
        seen = states.detach() if detach_past else states
        before = seen.cumsum(dim=1) - seen
        count = torch.arange(1, states.size(1) + 1, device=states.device, dtype=states.dtype)
        return (before + states) / count.unsqueeze(-1)

    def all_futures(self, imitated: Tensor) -> Tensor:
        """Future of every exit, `(B, L - 1, L - 1, D)` to `(B, L - 1, D)`."""
        mask = future_mask(imitated.size(1) + 1, imitated.device).to(imitated.dtype)
        weights = mask / mask.sum(dim=1, keepdim=True)
        return (imitated * weights.unsqueeze(-1)).sum(dim=2)
