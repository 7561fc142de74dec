"""RoBERTa's encoder: learned positions counted from the padding id, no segment embedding."""

from torch import Tensor, nn

from pf_fairseq.backbones.backbone import Backbone
from pf_fairseq.backbones.shape import EncoderShape, build_layer
from pf_fairseq.modules.layout import Layout, padded_layout
from pf_fairseq.modules.transformer import init_like_bert


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
        is_token = layout.mask.long()  # ONNX has no cumsum of bool
        positions = is_token.cumsum(dim=1) * is_token + self.pad_id
        embedded = self.embed_tokens(tokens) + self.embed_positions(positions)
        normed: Tensor = self.dropout(self.layernorm_embedding(embedded))
        return normed, layout
