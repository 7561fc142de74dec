"""Attentive pooling with the last state as query."""

import math

import torch
from torch import Tensor, nn

from pf_fairseq.modules.imitation import future_mask
from pf_fairseq.modules.incorporation.strategy import Incorporation


class AttentionIncorporation(Incorporation):
    r"""Sum of the states weighted by softmax(:math:`(Q s_{last}) \cdot s_k / \sqrt D`).

    The paper names the query and gives no formula. Our choices: one learned map `Q` of the query,
    keys and values are the states themselves, scores scaled as in a Transformer. The past's query
    is s_i; the future's is the imitated last state, through the same `Q`. The memory is all
    states so far, since every exit asks anew.

    Args:
        state_dim: width `D` of a state.
    """

    def __init__(self, state_dim: int) -> None:
        super().__init__()
        self.query = nn.Linear(state_dim, state_dim, bias=False)
        nn.init.normal_(self.query.weight, std=0.02)
        self.scale = 1.0 / math.sqrt(state_dim)

    def _attend(self, last: Tensor, keys: Tensor) -> Tensor:
        query: Tensor = self.query(last)
        return (query.unsqueeze(-2) * keys).sum(dim=-1).float() * self.scale

    def forward(self, states: Tensor, detach_past: bool) -> Tensor:
        """Past of every exit, `(B, L, D)` to `(B, L, D)`."""
        n_layers = states.size(1)
        seen = states.detach() if detach_past else states
        own = torch.eye(n_layers, dtype=torch.bool, device=states.device).unsqueeze(-1)
        keys = torch.where(own, states.unsqueeze(1), seen.unsqueeze(1))  # (B, exit, layer, D)
        visible = torch.ones(n_layers, n_layers, dtype=torch.bool, device=states.device).tril()
        scores = self._attend(states, keys).masked_fill(~visible, float("-inf"))
        weights = torch.softmax(scores, dim=-1).to(states.dtype)
        return (weights.unsqueeze(-1) * keys).sum(dim=2)

    def all_futures(self, imitated: Tensor) -> Tensor:
        """Future of every exit, `(B, L - 1, L - 1, D)` to `(B, L - 1, D)`."""
        mask = future_mask(imitated.size(1) + 1, imitated.device)
        scores = self._attend(imitated[:, :, -1], imitated).masked_fill(~mask, float("-inf"))
        weights = torch.softmax(scores, dim=-1).to(imitated.dtype)
        return (weights.unsqueeze(-1) * imitated).sum(dim=2)
