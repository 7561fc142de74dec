"""Layouts: what is a token, what attention is told, and what is kept when sentences leave."""

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from pf_fairseq.modules.layout import Layout, attention_mask, narrow, padded_layout
from pf_fairseq.modules.transformer import SelfAttention
from tests.modules.random_weights import randomise
from tests.tolerances import REFERENCE

TOKENS = torch.tensor([[4, 5, 6, 7], [4, 5, 1, 1], [4, 5, 6, 1]])
N_HEADS = 2


class Narrow(nn.Module):
    """Makes `narrow` what a script runs."""

    def forward(
        self, hidden: Tensor, layout: Layout, rows: Tensor, n_tokens: int
    ) -> tuple[Tensor, Layout]:
        return narrow(hidden, layout, rows, n_tokens)


def biased_layout() -> Layout:
    bias = torch.randn(1, N_HEADS, 4, 4, generator=torch.Generator().manual_seed(3))
    return padded_layout(TOKENS, pad_id=1)._replace(bias=bias)


def test_tokens_are_what_is_not_padding() -> None:
    layout = padded_layout(TOKENS, pad_id=1)
    assert layout.mask.tolist() == [[True] * 4, [True, True, False, False], [True] * 3 + [False]]
    assert layout.bias.numel() == layout.cu_seqlens.numel() == 0
    assert layout.cu_seqlens.dtype == torch.int32


@pytest.mark.parametrize("scripted", [False, True], ids=["eager", "scripted"])
@pytest.mark.parametrize("biased", [False, True])
def test_narrowing_keeps_rows_and_columns(biased: bool, scripted: bool) -> None:
    layout = biased_layout() if biased else padded_layout(TOKENS, pad_id=1)
    hidden = torch.randn(3, 4, 5)
    module = torch.jit.script(Narrow()) if scripted else Narrow()
    kept, narrowed = module(hidden, layout, torch.tensor([2, 1]), 3)
    for place, row in enumerate([2, 1]):
        for token in range(3):
            assert torch.equal(kept[place, token], hidden[row, token])
            assert bool(narrowed.mask[place, token]) == bool(TOKENS[row, token] != 1)
    expected = layout.bias[:, :, :3, :3] if biased else layout.bias
    assert torch.equal(narrowed.bias, expected)


@pytest.mark.parametrize("scripted", [False, True], ids=["eager", "scripted"])
def test_the_bias_is_added_to_the_scores(scripted: bool) -> None:
    attention = SelfAttention(6, N_HEADS, 0.0, biased=True)
    randomise(attention)
    hidden, layout = torch.randn(3, 4, 6), biased_layout()
    module = torch.jit.script(attention) if scripted else attention
    found = module(hidden, layout)
    for row, length in enumerate([4, 2, 3]):
        states = hidden[row, :length]
        heads = []
        for head in range(N_HEADS):
            part = slice(3 * head, 3 * head + 3)
            q, k, v = (
                projection(states)[:, part]
                for projection in (attention.q_proj, attention.k_proj, attention.v_proj)
            )
            scores = q @ k.T / 3**0.5 + layout.bias[0, head, :length, :length]
            heads.append(torch.softmax(scores, dim=-1) @ v)
        expected = attention.out_proj(torch.cat(heads, dim=-1))
        assert_close(found[row, :length], expected, **REFERENCE)


def test_the_mask_follows_the_dtype_of_the_queries() -> None:
    mask = attention_mask(biased_layout(), torch.bfloat16, biased=True)
    assert mask.dtype == torch.bfloat16 and mask.shape == (3, N_HEADS, 4, 4)
    assert torch.isneginf(mask[1, :, :, 2:]).all() and mask[1, :, :, :2].isfinite().all()
    assert attention_mask(biased_layout(), torch.float32, biased=False).dtype == torch.bool
