"""ALBERT's encoder: narrow embeddings projected to the width, and one layer for every depth."""

from torch import Tensor, nn

from pf_fairseq.backbones.backbone import Backbone
from pf_fairseq.backbones.bert import N_SEGMENTS, BertEmbeddings, segment_ids
from pf_fairseq.backbones.bert_keys import embedding_keys
from pf_fairseq.backbones.description import BackboneDescription, HuggingFaceFormat, OwnSize
from pf_fairseq.backbones.key_map import KeyMap, linear
from pf_fairseq.backbones.shape import EncoderShape, build_layer
from pf_fairseq.modules.layout import Layout, padded_layout
from pf_fairseq.modules.transformer import init_like_bert
from pf_fairseq.text.dictionary import EOS_ID
from pf_fairseq.text.special_pieces import SpecialPieces

_EMBEDDING_DIM = OwnSize(
    flag="encoder_embedding_dim",
    default=128,
    description="width of the embeddings, before they are projected",
    config_key="embedding_size",
)
_LAYER_KEYS = linear(
    {
        "attention.query": "self_attn.q_proj",
        "attention.key": "self_attn.k_proj",
        "attention.value": "self_attn.v_proj",
        "attention.dense": "self_attn.out_proj",
        "attention.LayerNorm": "self_attn_layer_norm",
        "ffn": "fc1",
        "ffn_output": "fc2",
        "full_layer_layer_norm": "final_layer_norm",
    }
)


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


ALBERT = BackboneDescription(
    name="albert",
    title="ALBERT",
    build=lambda shape, own: AlbertEncoder(shape, own[_EMBEDDING_DIM.flag], separator_id=EOS_ID),
    tokenizer="sentencepiece",
    special_pieces=SpecialPieces("[CLS]", "<pad>", "[SEP]", "<unk>", "[MASK]"),
    hugging_face=HuggingFaceFormat(
        architecture="AlbertModel",
        key_map=KeyMap(
            outside={
                **embedding_keys("embeddings."),
                **linear({"encoder.embedding_hidden_mapping_in": "embed_projection"}),
            },
            layer="encoder.albert_layer_groups.0.albert_layers.0.",
            inside=_LAYER_KEYS,
        ),
        tokenizer_classes=("AlbertTokenizer",),
        also_special=frozenset({"<s>", "</s>"}),  # listed by its files, and never used
        only={"type_vocab_size": N_SEGMENTS, "num_hidden_groups": 1, "inner_group_num": 1},
        written={"type_vocab_size": N_SEGMENTS, "num_hidden_groups": 1, "inner_group_num": 1},
    ),
    # Its exits are kept small beside its 12 M parameters.
    defaults={
        "layer_norm_eps": 1e-12,
        "activation_fn": "gelu_accurate",
        "dropout": 0.0,
        "attention_dropout": 0.0,
        "pooler_dropout": 0.1,
        "state_dim": 128,
    },
    own_sizes=(_EMBEDDING_DIM,),
    shared_layer=True,
    segment_ids=lambda tokens: segment_ids(tokens, EOS_ID),
)
