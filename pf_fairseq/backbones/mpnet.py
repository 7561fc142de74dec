"""MPNet's encoder: RoBERTa's embeddings, and attention scores that depend on distance."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from pf_fairseq.backbones.bert import WORD_PIECE_OPTIONS
from pf_fairseq.backbones.bert_keys import embedding_keys
from pf_fairseq.backbones.description import BackboneDescription, HuggingFaceFormat
from pf_fairseq.backbones.key_map import KeyMap, linear
from pf_fairseq.backbones.roberta import ANGLED_TOKEN_IDS, RobertaEncoder
from pf_fairseq.backbones.shape import EncoderShape
from pf_fairseq.modules.layout import Layout, padded_layout
from pf_fairseq.text.dictionary import PAD_ID
from pf_fairseq.text.special_pieces import SpecialPieces

N_BUCKETS = 32
_N_SIDE = N_BUCKETS // 2  # buckets of each direction
_N_EXACT = _N_SIDE // 2  # distances below it have a bucket of their own
_LAYER_KEYS = linear(
    {
        "attention.attn.q": "self_attn.q_proj",
        "attention.attn.k": "self_attn.k_proj",
        "attention.attn.v": "self_attn.v_proj",
        "attention.attn.o": "self_attn.out_proj",
        "attention.LayerNorm": "self_attn_layer_norm",
        "intermediate.dense": "fc1",
        "output.dense": "fc2",
        "output.LayerNorm": "final_layer_norm",
    }
)


def distance_bucket(distance: int) -> int:
    r"""Bucket of the distance in tokens from a query to a key, below 0 where the key comes first.

    The query itself and keys before it have buckets 0 to 15, those after it 16 to 31. On either
    side the distances 0 to 7 have one each; bucket :math:`8 + k` begins at the distance
    :math:`8 \cdot 2^{k/2}`, and the last one has no end. In whole numbers, without a logarithm to
    round: :math:`k = \lfloor \log_2 (d^2 / 64) \rfloor`.
    """
    side = _N_SIDE if distance > 0 else 0
    length = abs(distance)
    if length < _N_EXACT:
        return side + length
    k = (length**2 // _N_EXACT**2).bit_length() - 1
    return side + min(_N_EXACT + k, _N_SIDE - 1)


class MpnetEncoder(RobertaEncoder):
    """RoBERTa's embeddings and layers, and a bias that all layers add to attention scores.

    The bias depends on the head and on the bucket of the distance between two tokens. `embed`
    makes it once for a batch, and the layout carries it to the layers.

    Args:
        shape: sizes of the encoder.
    """

    buckets: Tensor

    def __init__(self, shape: EncoderShape) -> None:
        super().__init__(replace(shape, attention_bias=True))
        self.relative_attention_bias = nn.Embedding(N_BUCKETS, shape.n_heads)
        nn.init.normal_(self.relative_attention_bias.weight, std=0.02)
        self.longest_distance = shape.max_positions - 1
        distances = range(-self.longest_distance, self.longest_distance + 1)
        buckets = torch.tensor([distance_bucket(distance) for distance in distances])
        self.register_buffer("buckets", buckets, persistent=False)

    def embed(self, tokens: Tensor) -> tuple[Tensor, Layout]:
        """Embed int64 tokens `(B, T)`, padded on the right, to `(B, T, H)` and their layout."""
        layout = padded_layout(tokens, self.pad_id)
        bias = self.attention_bias(tokens.size(1))
        return self.embed_text(tokens, layout), Layout(layout.mask, bias, layout.cu_seqlens)

    def attention_bias(self, n_tokens: int) -> Tensor:
        """What is added to the scores of every layer, `(1, heads, T, T)`: query by key."""
        places = torch.arange(n_tokens, device=self.buckets.device)
        distances = places.unsqueeze(0) - places.unsqueeze(1)
        by_bucket: Tensor = self.relative_attention_bias(
            self.buckets[distances + self.longest_distance]
        )
        return by_bucket.permute(2, 0, 1).unsqueeze(0)


MPNET = BackboneDescription(
    name="mpnet",
    title="MPNet",
    build=lambda shape, own: MpnetEncoder(shape),
    tokenizer="bert",
    special_pieces=SpecialPieces("<s>", "<pad>", "</s>", "[UNK]", "<mask>"),
    hugging_face=HuggingFaceFormat(
        architecture="MPNetModel",
        key_map=KeyMap(
            outside={
                **embedding_keys("", segments=False),
                "encoder.relative_attention_bias.weight": "relative_attention_bias.weight",
            },
            layer="encoder.layer.{}.",
            inside=_LAYER_KEYS,
        ),
        tokenizer_classes=("MPNetTokenizer",),
        tokenizer_options=WORD_PIECE_OPTIONS,
        also_special=frozenset({"<unk>"}),  # listed by its files beside `[UNK]`, and never used
        only={**ANGLED_TOKEN_IDS, "relative_attention_num_buckets": N_BUCKETS},
        written={"relative_attention_num_buckets": N_BUCKETS},
        first_position=PAD_ID + 1,
    ),
    sizes=("base",),
)
