"""RoBERTa's encoder: learned positions counted from the padding id, no segment embedding."""

import torch
from torch import Tensor, nn

from pf_fairseq.backbones.backbone import Backbone
from pf_fairseq.backbones.bert_keys import BERT_LAYER_KEYS, SEGMENTS, embedding_keys
from pf_fairseq.backbones.description import BackboneDescription, HuggingFaceFormat
from pf_fairseq.backbones.key_map import KeyMap
from pf_fairseq.backbones.shape import EncoderShape, build_layer
from pf_fairseq.errors import InputError
from pf_fairseq.modules.layout import Layout, padded_layout
from pf_fairseq.modules.transformer import init_like_bert
from pf_fairseq.text.dictionary import BOS_ID, EOS_ID, PAD_ID
from pf_fairseq.text.special_pieces import SpecialPieces

# Positions are counted from the id of padding, so that these are more than names.
ANGLED_TOKEN_IDS = {"bos_token_id": BOS_ID, "pad_token_id": PAD_ID, "eos_token_id": EOS_ID}


class RobertaEncoder(Backbone):
    """Embeddings and layers, with the parameter names of fairseq's `sentence_encoder`.

    Args:
        shape: sizes of the encoder.
    """

    def __init__(self, shape: EncoderShape) -> None:
        super().__init__(shape.pad_id, (build_layer(shape) for _ in range(shape.n_layers)))
        self.embed_tokens = nn.Embedding(shape.vocab_size, shape.hidden_dim, shape.pad_id)
        # Positions are counted from pad_id + 1, as in fairseq: the first rows are never used.
        self.embed_positions = nn.Embedding(
            shape.max_positions + shape.pad_id + 1, shape.hidden_dim, shape.pad_id
        )
        self.layernorm_embedding = nn.LayerNorm(shape.hidden_dim, shape.layer_norm_eps)
        self.dropout = nn.Dropout(shape.dropout)
        init_like_bert(self)

    def embed(self, tokens: Tensor) -> tuple[Tensor, Layout]:
        """Embed int64 tokens `(B, T)`, padded on the right, to `(B, T, H)` and their layout."""
        layout = padded_layout(tokens, self.pad_id)
        return self.embed_text(tokens, layout), layout

    def embed_text(self, tokens: Tensor, layout: Layout) -> Tensor:
        """Embed int64 tokens `(B, T)` of this layout to `(B, T, H)`."""
        is_token = layout.mask.long()  # ONNX has no cumsum of bool
        positions = is_token.cumsum(dim=1) * is_token + self.pad_id
        embedded = self.embed_tokens(tokens) + self.embed_positions(positions)
        normed: Tensor = self.dropout(self.layernorm_embedding(embedded))
        return normed


def _fold_segments(weights: dict[str, Tensor]) -> None:
    """Add the one segment, in place, to the positions: each token has one of both."""
    positions, segments = weights["embed_positions.weight"], weights.pop(SEGMENTS)
    if segments.dim() != 2 or len(segments) == 0 or positions.shape[1:] != segments.shape[1:]:
        raise InputError(
            f"the segment embedding must be `(1, {positions.size(-1)})` as RoBERTa's, but is "
            f"{tuple(segments.shape)}; copy the whole model folder."
        )
    weights["embed_positions.weight"] = positions + segments[0]


def _unfold_segments(weights: dict[str, Tensor]) -> None:
    """Add the row of segments that Hugging Face expects: zeros, since the positions have it."""
    weights[SEGMENTS] = torch.zeros_like(weights["embed_positions.weight"][:1])


ROBERTA = BackboneDescription(
    name="roberta",
    title="RoBERTa",
    build=lambda shape, own: RobertaEncoder(shape),
    tokenizer="roberta",
    special_pieces=SpecialPieces("<s>", "<pad>", "</s>", "<unk>", "<mask>"),
    hugging_face=HuggingFaceFormat(
        architecture="RobertaModel",
        key_map=KeyMap(
            outside=embedding_keys(""),
            layer="encoder.layer.{}.",
            inside=BERT_LAYER_KEYS,
        ),
        tokenizer_classes=("RobertaTokenizer",),
        tokenizer_options={"add_prefix_space": (None, False)},
        only=ANGLED_TOKEN_IDS,
        written={"type_vocab_size": 1},
        first_position=PAD_ID + 1,
        to_ours=_fold_segments,
        to_theirs=_unfold_segments,
    ),
)
