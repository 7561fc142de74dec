"""The shape of an encoder reaches every part of its layers."""

from pf_fairseq.backbones.shape import EncoderShape, build_layer


def test_every_number_reaches_the_layer() -> None:
    layer = build_layer(
        EncoderShape(
            n_layers=2,
            hidden_dim=8,
            ffn_dim=20,
            n_heads=4,
            vocab_size=10,
            max_positions=6,
            pad_id=1,
            activation="relu",
            dropout=0.1,
            attention_dropout=0.2,
            activation_dropout=0.3,
        )
    )
    assert layer.fc1.weight.shape == (20, 8) and layer.fc2.weight.shape == (8, 20)
    assert layer.self_attn.n_heads == 4 and layer.activation == "relu"
    dropouts = (layer.dropout.p, layer.self_attn.dropout, layer.activation_dropout.p)
    assert dropouts == (0.1, 0.2, 0.3)
