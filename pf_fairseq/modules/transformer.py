"""A post-norm Transformer layer with the parameter names of fairseq's."""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pf_fairseq.modules.choices import check_choice
from pf_fairseq.modules.layout import Layout, attention_mask

ACTIVATIONS = ("gelu", "gelu_accurate", "relu")


class SelfAttention(nn.Module):
    """Multi-head self-attention over the tokens of each sentence.

    Args:
        hidden_dim: width `H`.
        n_heads: heads; must divide `H`.
        dropout: probability of dropping an attention weight in training.
        biased: whether the layout brings a bias, which is added to the scores.

    Raises:
        ValueError: if `n_heads` does not divide `hidden_dim`.
    """

    n_heads: Final[int]
    biased: Final[bool]

    def __init__(self, hidden_dim: int, n_heads: int, dropout: float, biased: bool = False) -> None:
        super().__init__()
        if hidden_dim % n_heads != 0:
            raise ValueError(
                f"`n_heads` must divide the width of the encoder, "
                f"but is {n_heads} for width {hidden_dim} instead."
            )
        self.n_heads = n_heads
        self.biased = biased
        self.dropout = dropout
        self.k_proj = nn.Linear(hidden_dim, hidden_dim)
        self.v_proj = nn.Linear(hidden_dim, hidden_dim)
        self.q_proj = nn.Linear(hidden_dim, hidden_dim)
        self.out_proj = nn.Linear(hidden_dim, hidden_dim)

    def _heads(self, projected: Tensor) -> Tensor:
        n_sentences, n_tokens, hidden_dim = projected.shape
        head_dim = hidden_dim // self.n_heads
        return projected.view(n_sentences, n_tokens, self.n_heads, head_dim).transpose(1, 2)

    def forward(self, hidden: Tensor, layout: Layout) -> Tensor:
        """Attend to the tokens of the own sentence: `(B, T, H)` to `(B, T, H)`."""
        attended = F.scaled_dot_product_attention(
            self._heads(self.q_proj(hidden)),
            self._heads(self.k_proj(hidden)),
            self._heads(self.v_proj(hidden)),
            attn_mask=attention_mask(layout, hidden.dtype, self.biased),
            dropout_p=self.dropout if self.training else 0.0,
        )
        output: Tensor = self.out_proj(attended.transpose(1, 2).flatten(2))
        return output


class TransformerLayer(nn.Module):
    """Self-attention and feed-forward block, each followed by residual and layer norm.

    Args:
        hidden_dim: width `H`.
        ffn_dim: inner width of the feed-forward block.
        n_heads: attention heads.
        activation: one of `ACTIVATIONS`.
        dropout: probability for the output of each block.
        attention_dropout: probability for attention weights.
        activation_dropout: probability inside the feed-forward block.
        layer_norm_eps: what layer norms add to a variance.
        attention_bias: whether the layout brings a bias for the attention scores.

    Raises:
        ValueError: if `activation` is unknown, or `n_heads` does not divide `hidden_dim`.
    """

    activation: Final[str]

    def __init__(
        self,
        hidden_dim: int,
        ffn_dim: int,
        *,
        n_heads: int,
        activation: str = "gelu",
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        activation_dropout: float = 0.0,
        layer_norm_eps: float = 1e-5,
        attention_bias: bool = False,
    ) -> None:
        super().__init__()
        check_choice("activation", activation, ACTIVATIONS)
        self.activation = activation
        self.self_attn = SelfAttention(hidden_dim, n_heads, attention_dropout, attention_bias)
        self.self_attn_layer_norm = nn.LayerNorm(hidden_dim, layer_norm_eps)
        self.fc1 = nn.Linear(hidden_dim, ffn_dim)
        self.fc2 = nn.Linear(ffn_dim, hidden_dim)
        self.final_layer_norm = nn.LayerNorm(hidden_dim, layer_norm_eps)
        self.dropout = nn.Dropout(dropout)
        self.activation_dropout = nn.Dropout(activation_dropout)

    def _activate(self, inner: Tensor) -> Tensor:
        if self.activation == "relu":
            return F.relu(inner)
        if self.activation == "gelu_accurate":
            return F.gelu(inner, approximate="tanh")
        return F.gelu(inner)

    def forward(self, hidden: Tensor, layout: Layout) -> Tensor:
        """One layer: `(B, T, H)` in this layout to `(B, T, H)`."""
        attended = self.dropout(self.self_attn(hidden, layout))
        hidden = self.self_attn_layer_norm(hidden + attended)
        inner = self.activation_dropout(self._activate(self.fc1(hidden)))
        output: Tensor = self.final_layer_norm(hidden + self.dropout(self.fc2(inner)))
        return output


def init_like_bert(module: nn.Module) -> None:
    """Initialise linear and embedding weights as BERT does: N(0, 0.02), zero biases and padding."""
    for child in module.modules():
        if isinstance(child, nn.Linear):
            nn.init.normal_(child.weight, std=0.02)
            nn.init.zeros_(child.bias)
        elif isinstance(child, nn.Embedding):
            nn.init.normal_(child.weight, std=0.02)
            if child.padding_idx is not None:
                with torch.no_grad():
                    child.weight[child.padding_idx].zero_()
