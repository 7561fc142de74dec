"""BERT's encoder: positions from the first token on, and a segment embedding for pairs."""

import torch
from torch import Tensor, nn

from pf_fairseq.backbones.backbone import Backbone
from pf_fairseq.backbones.bert_keys import BERT_LAYER_KEYS, embedding_keys
from pf_fairseq.backbones.description import BackboneDescription, HuggingFaceFormat
from pf_fairseq.backbones.key_map import KeyMap
from pf_fairseq.backbones.shape import EncoderShape, build_layer
from pf_fairseq.modules.layout import Layout, padded_layout
from pf_fairseq.modules.transformer import init_like_bert
from pf_fairseq.text.dictionary import EOS_ID
from pf_fairseq.text.special_pieces import SpecialPieces

N_SEGMENTS = 2
WORD_PIECE_OPTIONS: dict[str, tuple[object, ...]] = {
    "word_tokenizer_type": (None, "basic"),
    "subword_tokenizer_type": (None, "wordpiece"),
    "do_basic_tokenize": (None, True),
    "do_word_tokenize": (None, True),
    "do_subword_tokenize": (None, True),
    "never_split": (None, []),
}


def segment_ids(tokens: Tensor, separator_id: int) -> Tensor:
    """Which text of a pair each token belongs to: 0 up to the first separator, 1 after it.

    fairseq's task hands over tokens alone, so the segments are read off the separators. Padding
    gets the segment of what is before it; nothing attends to it.

    Args:
        tokens: int64 `(B, T)`.
        separator_id: id of `[SEP]`, which ends each text.

    Returns:
        int64 `(B, T)` of 0 and 1.
    """
    is_separator = tokens.eq(separator_id).long()
    return (is_separator.cumsum(dim=1) - is_separator).clamp(max=1)


class BertEmbeddings(nn.Module):
    """Token, position and segment embeddings, added up and normed.

    Args:
        shape: sizes of the encoder.
        width: of the embeddings.
        separator_id: id of `[SEP]`.
    """

    def __init__(self, shape: EncoderShape, width: int, separator_id: int) -> None:
        super().__init__()
        self.separator_id = separator_id
        self.embed_tokens = nn.Embedding(shape.vocab_size, width, shape.pad_id)
        self.embed_positions = nn.Embedding(shape.max_positions, width)
        self.embed_segments = nn.Embedding(N_SEGMENTS, width)
        self.layernorm_embedding = nn.LayerNorm(width, shape.layer_norm_eps)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        """Embed int64 tokens `(B, T)` to `(B, T, width)`."""
        positions = torch.arange(tokens.size(1), device=tokens.device)
        segments = segment_ids(tokens, self.separator_id)
        embedded = self.embed_tokens(tokens) + self.embed_positions(positions)
        normed = self.layernorm_embedding(embedded + self.embed_segments(segments))
        dropped: Tensor = self.dropout(normed)
        return dropped


class BertEncoder(Backbone):
    """Embeddings and layers.

    Args:
        shape: sizes of the encoder.
        separator_id: id of `[SEP]`.
    """

    def __init__(self, shape: EncoderShape, separator_id: int) -> None:
        super().__init__(shape.pad_id, (build_layer(shape) for _ in range(shape.n_layers)))
        self.embeddings = BertEmbeddings(shape, shape.hidden_dim, separator_id)
        init_like_bert(self)

    def embed(self, tokens: Tensor) -> tuple[Tensor, Layout]:
        """Embed int64 tokens `(B, T)`, padded on the right, to `(B, T, H)` and their layout."""
        embedded: Tensor = self.embeddings(tokens)
        return embedded, padded_layout(tokens, self.pad_id)


BERT = BackboneDescription(
    name="bert",
    title="BERT",
    build=lambda shape, own: BertEncoder(shape, separator_id=EOS_ID),
    tokenizer="bert",
    special_pieces=SpecialPieces("[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"),
    hugging_face=HuggingFaceFormat(
        architecture="BertModel",
        key_map=KeyMap(
            outside=embedding_keys("embeddings."),
            layer="encoder.layer.{}.",
            inside=BERT_LAYER_KEYS,
        ),
        tokenizer_classes=("BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer"),
        tokenizer_options=WORD_PIECE_OPTIONS,
        only={"type_vocab_size": N_SEGMENTS},
        written={"type_vocab_size": N_SEGMENTS},
    ),
    defaults={"layer_norm_eps": 1e-12},
    segment_ids=lambda tokens: segment_ids(tokens, EOS_ID),
)
