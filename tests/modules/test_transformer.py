"""The layer against torch's own, and a sum over heads and tokens."""

import re

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from pf_fairseq.modules.layout import Layout, padded_layout
from pf_fairseq.modules.transformer import SelfAttention, TransformerLayer, init_like_bert
from tests.modules.random_weights import randomise
from tests.reference.transformer import torch_layer
from tests.tolerances import HALF, REFERENCE

HIDDEN_DIM, FFN_DIM, N_HEADS = 8, 12, 2
LENGTHS = [6, 2, 4]


def build_layer(activation: str = "gelu", **dropout: float) -> TransformerLayer:
    layer = TransformerLayer(HIDDEN_DIM, FFN_DIM, n_heads=N_HEADS, activation=activation, **dropout)
    randomise(layer)
    return layer


def draw_hidden() -> tuple[Tensor, Layout]:
    is_token = torch.arange(6) < torch.tensor(LENGTHS).unsqueeze(1)
    layout = padded_layout(is_token.long(), pad_id=0)
    return torch.randn(3, 6, HIDDEN_DIM, generator=torch.Generator().manual_seed(0)), layout


def without_padding(hidden: Tensor) -> Layout:
    return padded_layout(torch.ones(hidden.shape[:2], dtype=torch.int64), pad_id=0)


@pytest.mark.parametrize("scripted", [False, True], ids=["eager", "scripted"])
@pytest.mark.parametrize("activation", ["gelu", "gelu_accurate", "relu"])
def test_matches_torch(activation: str, scripted: bool) -> None:
    layer = build_layer(activation)
    twin = torch_layer(layer.state_dict(), n_heads=N_HEADS, activation=activation)
    hidden, layout = draw_hidden()
    callee = torch.jit.script(layer) if scripted else layer
    assert_close(callee(hidden, without_padding(hidden)), twin(hidden), **REFERENCE)
    expected = twin(hidden, src_key_padding_mask=~layout.mask)
    # What stands at padding is nobody's concern.
    assert_close(callee(hidden, layout)[layout.mask], expected[layout.mask], **REFERENCE)


def test_padding_changes_nothing_for_the_tokens() -> None:
    layer = build_layer()
    hidden, layout = draw_hidden()
    found = layer(hidden, layout)
    for row, length in enumerate(LENGTHS):
        sentence = hidden[row : row + 1, :length]
        alone = layer(sentence, without_padding(sentence))
        assert_close(found[row, :length], alone[0], **REFERENCE)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_stays_close(dtype: torch.dtype) -> None:
    layer, full = build_layer().to(dtype), build_layer()
    full.load_state_dict(layer.state_dict())  # the same rounded weights
    hidden, layout = draw_hidden()
    found = layer(hidden.to(dtype), layout)
    assert found.dtype == dtype
    expected = full(hidden.to(dtype).float(), layout)
    assert_close(found[layout.mask].float(), expected[layout.mask], **HALF[dtype])


@pytest.mark.parametrize("kind", ["dropout", "attention_dropout", "activation_dropout"])
def test_each_dropout_acts_in_training_only(kind: str) -> None:
    layer = build_layer(**{kind: 0.5})
    hidden, layout = draw_hidden()
    assert_close(layer(hidden, layout), build_layer()(hidden, layout), **REFERENCE)
    layer.train()
    assert not torch.allclose(layer(hidden, layout), layer(hidden, layout))


def test_starts_like_bert() -> None:
    module = nn.Sequential(nn.Embedding(500, 40, padding_idx=1), nn.Linear(40, 500))
    init_like_bert(module)
    embedding, linear = module
    assert isinstance(embedding, nn.Embedding) and isinstance(linear, nn.Linear)
    assert not embedding.weight[1].any() and not linear.bias.any()
    assert 0.019 < linear.weight.std().item() < 0.021
    assert 0.019 < embedding.weight.std().item() < 0.021


def test_rejects_heads_that_do_not_divide_the_width() -> None:
    message = "must divide the width of the encoder, but is 3 for width 8 instead"
    with pytest.raises(ValueError, match=re.escape(message)):
        SelfAttention(8, 3, 0.0)


def test_rejects_an_unknown_activation() -> None:
    message = "`activation` must be one of gelu, gelu_accurate, relu, but is 'swish' instead"
    with pytest.raises(ValueError, match=re.escape(message)):
        build_layer("swish")
