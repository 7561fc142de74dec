"""ALBERT's encoder: narrow embeddings projected to the width, and one layer for every depth."""

from torch import Tensor, nn

from pf_fairseq.backbones.backbone import Backbone
from pf_fairseq.backbones.bert import BertEmbeddings
from pf_fairseq.backbones.shape import EncoderShape, build_layer
from pf_fairseq.modules.layout import Layout, padded_layout
from pf_fairseq.modules.transformer import init_like_bert


class AlbertEncoder(Backbone):
    """BERT's embeddings at a width of their own, a projection, and a shared layer.

    `layers` names the one layer as often as it is run, so that everything that walks over layers
    works alike. Its parameters exist once; a `state_dict` lists them under each depth.

    Args:
        shape: sizes of the encoder.
        embedding_dim: width of the embeddings.
        separator_id: id of `[SEP]`.
    """

    def __init__(self, shape: EncoderShape, embedding_dim: int, separator_id: int) -> None:
        super().__init__(shape.pad_id, [build_layer(shape)] * shape.n_layers)
        self.embeddings = BertEmbeddings(shape, embedding_dim, separator_id)
        self.embed_projection = nn.Linear(embedding_dim, shape.hidden_dim)
        init_like_bert(self)

    def embed(self, tokens: Tensor) -> tuple[Tensor, Layout]:
        """Embed int64 tokens `(B, T)`, padded on the right, to `(B, T, H)` and their layout."""
        embedded: Tensor = self.embed_projection(self.embeddings(tokens))
        return embedded, padded_layout(tokens, self.pad_id)
