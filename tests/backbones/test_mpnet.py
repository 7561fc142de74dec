"""MPNet's encoder: its buckets of distances, and the one bias that all layers share."""

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close
from transformers import MPNetConfig, MPNetModel
from transformers.models.mpnet.modeling_mpnet import MPNetEncoder

from pf_fairseq.backbones.mpnet import MPNET, N_BUCKETS, MpnetEncoder, distance_bucket
from pf_fairseq.backbones.shape import EncoderShape
from pf_fairseq.modules.layout import Layout, narrow
from tests.modules.random_weights import randomise
from tests.reference.buckets import naive_bucket
from tests.tolerances import CONVERTED, REFERENCE

SHAPE = EncoderShape(
    n_layers=3, hidden_dim=8, ffn_dim=12, n_heads=2, vocab_size=20, max_positions=140, pad_id=1
)
THEIR_CONFIG = MPNetConfig(
    vocab_size=SHAPE.vocab_size,
    hidden_size=SHAPE.hidden_dim,
    num_hidden_layers=SHAPE.n_layers,
    num_attention_heads=SHAPE.n_heads,
    intermediate_size=SHAPE.ffn_dim,
    max_position_embeddings=SHAPE.max_positions + 2,
    layer_norm_eps=SHAPE.layer_norm_eps,
)


def build_encoder() -> MpnetEncoder:
    encoder = MpnetEncoder(SHAPE)
    randomise(encoder)
    return encoder.eval()


def run(encoder: MpnetEncoder, hidden: Tensor, layout: Layout) -> Tensor:
    for layer in encoder.layers:
        hidden = layer(hidden, layout)
    return hidden


def test_buckets_are_those_of_transformers() -> None:
    distances = torch.arange(-1200, 1201)
    expected = MPNetEncoder.relative_position_bucket(distances, N_BUCKETS)
    assert [distance_bucket(int(each)) for each in distances] == expected.tolist()


@pytest.mark.parametrize("distance", [0, 1, -1, 7, -7, 8, -8, 11, 12, -16, 90, 91, -91, 128, 5000])
def test_a_bucket_by_its_definition(distance: int) -> None:
    assert distance_bucket(distance) == naive_bucket(distance)


def test_the_bias_by_a_loop() -> None:
    encoder = build_encoder()
    n_tokens = SHAPE.max_positions
    bias = encoder.attention_bias(n_tokens)
    assert bias.shape == (1, SHAPE.n_heads, n_tokens, n_tokens)
    for query, key in [(0, 0), (0, 139), (139, 0), (5, 17), (100, 3), (60, 61)]:
        expected = encoder.relative_attention_bias.weight[naive_bucket(key - query)]
        assert torch.equal(bias[0, :, query, key], expected)


class Embed(nn.Module):
    """Makes `embed` what a script runs."""

    def __init__(self, encoder: MpnetEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, tokens: Tensor) -> tuple[Tensor, Layout]:
        return self.encoder.embed(tokens)


def test_a_script_embeds_alike() -> None:
    encoder = build_encoder()
    tokens = torch.tensor([[0, 5, 6, 7, 2], [0, 8, 2, 1, 1]])
    hidden, layout = encoder.embed(tokens)
    found, found_layout = torch.jit.script(Embed(encoder))(tokens)
    assert_close(found, hidden, **REFERENCE)
    assert torch.equal(found_layout.bias, layout.bias)
    assert torch.equal(found_layout.mask, tokens.ne(SHAPE.pad_id))


@pytest.mark.parametrize("n_tokens", [1, 9, 140])
def test_every_layer_is_that_of_transformers(n_tokens: int) -> None:
    encoder, theirs = build_encoder(), MPNetModel(THEIR_CONFIG)
    renamed = MPNET.hugging_face.key_map.to_theirs(encoder.state_dict(), SHAPE.n_layers)
    missing, surplus = theirs.load_state_dict(renamed, strict=False)
    assert surplus == [] and all("pooler" in name or "position_ids" in name for name in missing)
    torch.manual_seed(n_tokens)
    tokens = torch.randint(3, SHAPE.vocab_size, (3, n_tokens))
    for row, length in enumerate([n_tokens, max(1, n_tokens // 2), max(1, n_tokens - 1)]):
        tokens[row, length:] = SHAPE.pad_id
    with torch.inference_mode():
        hidden, layout = encoder.embed(tokens)
        expected = theirs.eval()(
            tokens, attention_mask=layout.mask.long(), output_hidden_states=True
        ).hidden_states
        assert_close(hidden[layout.mask], expected[0][layout.mask], **CONVERTED)
        for number, layer in enumerate(encoder.layers, start=1):
            hidden = layer(hidden, layout)
            assert_close(hidden[layout.mask], expected[number][layout.mask], **CONVERTED)


def test_a_narrowed_batch_is_the_batch_of_the_rest() -> None:
    encoder = build_encoder()
    tokens = torch.tensor([[0, 5, 6, 7, 8, 9, 2], [0, 8, 2, 1, 1, 1, 1], [0, 3, 9, 2, 1, 1, 1]])
    hidden, layout = encoder.embed(tokens)
    found = run(encoder, *narrow(hidden, layout, torch.tensor([1, 2]), 4))
    expected = run(encoder, *encoder.embed(tokens[1:, :4]))
    assert_close(found, expected, **REFERENCE)


def test_the_bias_learns_from_every_layer() -> None:
    encoder = build_encoder()
    tokens = torch.tensor([[0, 5, 6, 7, 2]])
    gradients = []
    for n_layers in range(1, SHAPE.n_layers + 1):
        hidden, layout = encoder.embed(tokens)
        for layer in list(encoder.layers)[:n_layers]:
            hidden = layer(hidden, layout)
        (gradient,) = torch.autograd.grad(
            hidden.square().sum() + hidden.sum(), encoder.relative_attention_bias.weight
        )
        gradients.append(gradient)
    assert all(gradient.abs().max() > 0 for gradient in gradients)
    assert not torch.allclose(gradients[0], gradients[2])


def test_buckets_are_no_part_of_a_checkpoint() -> None:
    names = MpnetEncoder(SHAPE).state_dict().keys()
    assert "relative_attention_bias.weight" in names and "buckets" not in names
