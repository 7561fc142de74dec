"""Parameter names of fairseq's own RoBERTa, of all its ages, in ours."""

import re

from torch import Tensor

ENCODER = "encoder.sentence_encoder."
_LAYER = re.compile(re.escape(ENCODER) + r"layers\.(\d+)\.")
_FUSED = re.compile(r"(.*\.self_attn\.)in_proj_(weight|bias)")
# What a plain RoBERTa holds and a model with exits does not.
_IGNORED = re.compile(
    r"encoder\.lm_head\.|encoder\.regression_head|encoder\._ema$|"
    r"encoder\.sentence_encoder\.version$|"
    r"classification_heads\.[^.]+\.(dense|out_proj)\.(weight|bias)$"
)


def rename_from_fairseq(state_dict: dict[str, Tensor], n_layers: int) -> dict[str, Tensor]:
    """Translate a plain fairseq RoBERTa's names; our own names pass through.

    `decoder.` becomes `encoder.`, `emb_layer_norm` `layernorm_embedding`; a fused `in_proj` is
    split in query, key and value; the language-model head, a stock classification head and
    layers beyond `n_layers` are dropped.
    """
    renamed: dict[str, Tensor] = {}
    for old_name, tensor in state_dict.items():
        name = re.sub(r"^decoder\.", "encoder.", old_name)
        name = name.replace(".emb_layer_norm.", ".layernorm_embedding.")
        layer = _LAYER.match(name)
        if _IGNORED.match(name) or (layer and int(layer.group(1)) >= n_layers):
            continue
        fused = _FUSED.fullmatch(name)
        if fused is None:
            renamed[name] = tensor
            continue
        for part, piece in zip("qkv", tensor.chunk(3), strict=True):
            renamed[f"{fused.group(1)}{part}_proj.{fused.group(2)}"] = piece
    return renamed
