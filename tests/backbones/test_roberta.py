"""RoBERTa's encoder against one sentence at a time, and torch's own layers."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.testing import assert_close

from pf_fairseq.backbones.roberta import RobertaEncoder
from pf_fairseq.backbones.shape import EncoderShape
from tests.modules.random_weights import randomise
from tests.reference.transformer import torch_layer
from tests.tolerances import HALF, REFERENCE

SHAPE = EncoderShape(
    n_layers=3,
    hidden_dim=8,
    ffn_dim=12,
    n_heads=2,
    vocab_size=20,
    max_positions=9,
    pad_id=1,
)
SENTENCES = [[0, 5, 6, 7, 2], [0, 2], [0, 8, 2, 2, 9, 10, 11, 12, 2]]


def build_encoder() -> RobertaEncoder:
    encoder = RobertaEncoder(SHAPE)
    randomise(encoder)
    return encoder


def pad(sentences: list[list[int]]) -> Tensor:
    longest = max(map(len, sentences))
    return torch.tensor([ids + [SHAPE.pad_id] * (longest - len(ids)) for ids in sentences])


def naive_embedding(encoder: RobertaEncoder, sentence: list[int]) -> Tensor:
    """Token plus position, normalised, token by token; positions count from pad_id + 1."""
    norm = encoder.layernorm_embedding
    rows = []
    for place, token in enumerate(sentence):
        position = SHAPE.pad_id + 1 + place
        total = encoder.embed_tokens.weight[token] + encoder.embed_positions.weight[position]
        centred = (total - total.mean()) / torch.sqrt(total.var(unbiased=False) + norm.eps)
        rows.append(centred * norm.weight + norm.bias)
    return torch.stack(rows)


def run(encoder: RobertaEncoder, tokens: Tensor) -> Tensor:
    hidden, layout = encoder.embed(tokens)
    for layer in encoder.layers:
        hidden = layer(hidden, layout)
    return hidden


class Embed(nn.Module):
    """Makes `embed` what a script runs."""

    def __init__(self, encoder: RobertaEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, tokens: Tensor) -> Tensor:
        return self.encoder.embed(tokens)[0]


@pytest.mark.parametrize("scripted", [False, True], ids=["eager", "scripted"])
def test_embedding_counts_positions_past_padding(scripted: bool) -> None:
    encoder = build_encoder()
    embed = torch.jit.script(Embed(encoder)) if scripted else Embed(encoder)
    found = embed(pad(SENTENCES))
    for row, sentence in enumerate(SENTENCES):
        expected = naive_embedding(encoder, sentence)
        assert_close(found[row, : len(sentence)], expected, **REFERENCE)


def test_another_padding_id_moves_the_positions() -> None:
    shape = EncoderShape(
        n_layers=1, hidden_dim=8, ffn_dim=8, n_heads=2, vocab_size=9, max_positions=4, pad_id=0
    )
    encoder = RobertaEncoder(shape)
    assert encoder.embed_positions.num_embeddings == 5
    tokens = torch.tensor([[3, 4, 5, 6]])
    expected = encoder.embed_tokens(tokens) + encoder.embed_positions(torch.tensor([[1, 2, 3, 4]]))
    assert_close(encoder.embed(tokens)[0], F.layer_norm(expected, (8,)), **REFERENCE)


def test_the_longest_sentence_fits_and_no_longer_one() -> None:
    encoder = build_encoder()
    assert encoder.embed(torch.full((1, SHAPE.max_positions), 5))[0].shape == (1, 9, 8)
    with pytest.raises(IndexError):
        encoder.embed(torch.full((1, SHAPE.max_positions + 1), 5))


def test_all_layers_match_torch_one_sentence_at_a_time() -> None:
    encoder = build_encoder()
    tokens = pad(SENTENCES)
    found = run(encoder, tokens)
    twins = [
        torch_layer(layer.state_dict(), n_heads=SHAPE.n_heads, activation=SHAPE.activation)
        for layer in encoder.layers
    ]
    for row, sentence in enumerate(SENTENCES):
        expected = naive_embedding(encoder, sentence).unsqueeze(0)
        for twin in twins:
            expected = twin(expected)
        assert_close(found[row, : len(sentence)], expected[0], **REFERENCE)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_stays_close(dtype: torch.dtype) -> None:
    encoder, full = build_encoder().to(dtype), build_encoder()
    full.load_state_dict(encoder.state_dict())  # the same rounded weights
    tokens = pad(SENTENCES)
    is_token = tokens.ne(SHAPE.pad_id)
    found, expected = (run(module, tokens)[is_token] for module in (encoder, full))
    assert found.dtype == dtype
    assert_close(found.float(), expected, **HALF[dtype])


def test_parameters_are_named_as_in_fairseq() -> None:
    names = set(RobertaEncoder(SHAPE).state_dict())
    assert {"embed_tokens.weight", "embed_positions.weight", "layernorm_embedding.bias"} <= names
    layer = {name.removeprefix("layers.2.") for name in names if name.startswith("layers.2.")}
    modules = ["fc1", "fc2", "final_layer_norm", "self_attn_layer_norm"]
    modules += [f"self_attn.{part}_proj" for part in ("q", "k", "v", "out")]
    assert layer == {f"{module}.{kind}" for module in modules for kind in ("weight", "bias")}


def test_padding_starts_as_zeros() -> None:
    encoder = RobertaEncoder(SHAPE)
    assert not encoder.embed_tokens.weight[SHAPE.pad_id].any()
    assert not encoder.embed_positions.weight[SHAPE.pad_id].any()
