"""The numbers that fix an encoder's shape."""

from dataclasses import dataclass

from pf_fairseq.modules.transformer import TransformerLayer


@dataclass(frozen=True)
class EncoderShape:
    """Sizes and regularisation of a Transformer encoder.

    `max_positions` counts tokens, `vocab_size` all ids including specials; `layer_norm_eps` is what
    layer norms add to a variance; the dropout fields are probabilities and act in training only;
    `attention_bias`: whether the layouts that the encoder makes bring a bias.
    """

    n_layers: int
    hidden_dim: int
    ffn_dim: int
    n_heads: int
    vocab_size: int
    max_positions: int
    pad_id: int
    activation: str = "gelu"
    layer_norm_eps: float = 1e-5
    dropout: float = 0.0
    attention_dropout: float = 0.0
    activation_dropout: float = 0.0
    attention_bias: bool = False


def build_layer(shape: EncoderShape) -> TransformerLayer:
    """One Transformer layer of this shape, freshly initialised."""
    return TransformerLayer(
        shape.hidden_dim,
        shape.ffn_dim,
        n_heads=shape.n_heads,
        activation=shape.activation,
        dropout=shape.dropout,
        attention_dropout=shape.attention_dropout,
        activation_dropout=shape.activation_dropout,
        layer_norm_eps=shape.layer_norm_eps,
        attention_bias=shape.attention_bias,
    )
