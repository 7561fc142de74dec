"""torch's own Transformer layer as a reference. Never imports the code under test."""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def gelu_by_tanh(x: Tensor) -> Tensor:
    """GELU's approximation, written out."""
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x.pow(3))))


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": F.gelu,
    "gelu_accurate": gelu_by_tanh,
    "relu": F.relu,
}
NAMES = {
    "self_attn.out_proj": "self_attn.out_proj",
    "linear1": "fc1",
    "linear2": "fc2",
    "norm1": "self_attn_layer_norm",
    "norm2": "final_layer_norm",
}


def torch_layer(
    parameters: Mapping[str, Tensor], *, n_heads: int, activation: str
) -> nn.TransformerEncoderLayer:
    """`nn.TransformerEncoderLayer` with the weights of fairseq's names.

    It is left in training mode, without dropout: torch's shortcut for inference would be another
    implementation, and knows two activations only.
    """
    fused = {
        f"self_attn.in_proj_{kind}": torch.cat(
            [parameters[f"self_attn.{part}_proj.{kind}"] for part in "qkv"]
        )
        for kind in ("weight", "bias")
    }
    for name, fairseq_name in NAMES.items():
        for kind in ("weight", "bias"):
            fused[f"{name}.{kind}"] = parameters[f"{fairseq_name}.{kind}"]
    ffn_dim, hidden_dim = parameters["fc1.weight"].shape
    layer = nn.TransformerEncoderLayer(
        hidden_dim,
        n_heads,
        ffn_dim,
        dropout=0.0,
        activation=ACTIVATIONS[activation],
        batch_first=True,
        norm_first=False,
    )
    layer.load_state_dict(fused)
    return layer
