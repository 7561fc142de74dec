"""How a batch is laid out: what layers, readouts and compaction know of it beside its tensors."""

from typing import NamedTuple

import torch
from torch import Tensor


class Layout(NamedTuple):
    """Which places of a batch are tokens, made once by `Backbone.embed`.

    Sentences stand in rows, padded on the right. A field that a backbone has no use for holds 0
    elements, so that the type is the same for all of them.
    """

    mask: Tensor  # bool (B, T), True at tokens
    bias: Tensor  # floating (1, heads, T, T), added to the scores of attention; or (0, 0, 0, 0)
    cu_seqlens: Tensor  # int32, cumulative lengths of rows without padding; 0 elements: padded


def padded_layout(tokens: Tensor, pad_id: int) -> Layout:
    """Layout of int64 tokens `(B, T)`, padded on the right, without a bias."""
    return Layout(
        mask=tokens.ne(pad_id),
        bias=torch.zeros([0, 0, 0, 0], dtype=torch.float32, device=tokens.device),
        cu_seqlens=torch.zeros([0], dtype=torch.int32, device=tokens.device),
    )


def attention_mask(layout: Layout, dtype: torch.dtype, biased: bool) -> Tensor:
    """What `scaled_dot_product_attention` takes as its mask, of `(B, 1 or heads, 1 or T, T)`.

    Args:
        layout: of the batch.
        dtype: that of the queries.
        biased: whether the layout has a bias. The layers know, and a look at the tensor would be
            a branch in an exported graph.

    Returns:
        the bool mask, or the bias with minus infinity at padding.
    """
    mask = layout.mask[:, None, None, :]
    if biased:
        return layout.bias.to(dtype).masked_fill(~mask, float("-inf"))
    return mask


def narrow(hidden: Tensor, layout: Layout, rows: Tensor, n_tokens: int) -> tuple[Tensor, Layout]:
    """Keep some sentences, and as many columns as the longest of them needs.

    Args:
        hidden: `(B, T, H)`.
        layout: of the batch.
        rows: int64 `(b,)`, the rows that are kept, on the device of `hidden`.
        n_tokens: columns that are kept, the first ones.

    Returns:
        the hidden states `(b, n_tokens, H)` and their layout.
    """
    # Columns first: what is cut off is not copied.
    kept = hidden[:, :n_tokens].index_select(0, rows)
    mask = layout.mask[:, :n_tokens].index_select(0, rows)
    return kept, Layout(mask, layout.bias[:, :, :n_tokens, :n_tokens], layout.cu_seqlens)
