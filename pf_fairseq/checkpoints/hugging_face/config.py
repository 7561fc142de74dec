"""`config.json` of a Hugging Face folder."""

import json
from pathlib import Path
from typing import Any

from pf_fairseq.backbones.bert import N_SEGMENTS
from pf_fairseq.backbones.shape import EncoderShape
from pf_fairseq.checkpoints.encoder_config import BACKBONES, EncoderConfig
from pf_fairseq.errors import InputError, list_problems
from pf_fairseq.files import read_json_object
from pf_fairseq.text.dictionary import PAD_ID

CONFIG_NAME = "config.json"
# `gelu_new` and `gelu_pytorch_tanh` are the same approximation, written in two ways.
_ACTIVATIONS = {
    "gelu": "gelu",
    "gelu_new": "gelu_accurate",
    "gelu_pytorch_tanh": "gelu_accurate",
    "relu": "relu",
}
_HIDDEN_ACTS = {"gelu": "gelu", "gelu_accurate": "gelu_new", "relu": "relu"}
_SIZES = {
    "n_layers": "num_hidden_layers",
    "hidden_dim": "hidden_size",
    "ffn_dim": "intermediate_size",
    "n_heads": "num_attention_heads",
    "vocab_size": "vocab_size",
    "max_positions": "max_position_embeddings",
}
# What changes the computation, and the only value that we compute.
_ONLY = {
    "position_embedding_type": "absolute",
    "is_decoder": False,
    "add_cross_attention": False,
    "num_hidden_groups": 1,
    "inner_group_num": 1,
}
_ARCHITECTURES = {"roberta": "RobertaModel", "bert": "BertModel", "albert": "AlbertModel"}
# Ids of the finished input's special tokens in RoBERTa's dictionary are Hugging Face's own.
_ROBERTA_IDS = {"bos_token_id": 0, "pad_token_id": PAD_ID, "eos_token_id": 2}


def read_config(folder: Path) -> EncoderConfig:
    """Read the encoder's sizes.

    Raises:
        InputError: naming everything that is missing or that we do not compute.
    """
    content = read_json_object(
        folder / CONFIG_NAME, absent="give a Hugging Face model folder", damaged="copy it again"
    )
    backbone = content.get("model_type")
    if backbone not in BACKBONES:
        raise InputError(
            f"`{folder / CONFIG_NAME}`: `model_type` must be one of {', '.join(BACKBONES)}, but "
            f"is {backbone!r}; other architectures are not supported."
        )
    problems = _problems(content, backbone)
    if problems:
        raise list_problems(f"`{folder / CONFIG_NAME}` cannot be converted:", problems)
    sizes = {field: content[key] for field, key in _SIZES.items()}
    if backbone == "roberta":
        sizes["max_positions"] -= PAD_ID + 1
    shape = EncoderShape(
        **sizes,
        pad_id=PAD_ID,
        activation=_ACTIVATIONS[content["hidden_act"]],
        layer_norm_eps=float(content.get("layer_norm_eps", 1e-12)),
        dropout=float(content.get("hidden_dropout_prob", 0.1)),
        attention_dropout=float(content.get("attention_probs_dropout_prob", 0.1)),
    )
    embedding_dim = content["embedding_size"] if backbone == "albert" else None
    return EncoderConfig(backbone, shape, embedding_dim)


def config_json(config: EncoderConfig, token_ids: dict[str, int]) -> str:
    """Write `config.json` of an encoder.

    Args:
        config: the encoder.
        token_ids: ids of pad, bos and eos in the tokenizer's own numbering.
    """
    shape = config.shape
    content: dict[str, Any] = {
        "architectures": [_ARCHITECTURES[config.backbone]],
        "model_type": config.backbone,
        **{key: getattr(shape, field) for field, key in _SIZES.items()},
        "hidden_act": _HIDDEN_ACTS[shape.activation],
        "hidden_dropout_prob": shape.dropout,
        "attention_probs_dropout_prob": shape.attention_dropout,
        "layer_norm_eps": shape.layer_norm_eps,
        "type_vocab_size": N_SEGMENTS,
        **{f"{name}_token_id": number for name, number in token_ids.items()},
    }
    if config.backbone == "roberta":
        content["max_position_embeddings"] += PAD_ID + 1
        content["type_vocab_size"] = 1
    if config.backbone == "albert":
        content |= {"embedding_size": config.embedding_dim}
        content |= {"num_hidden_groups": 1, "inner_group_num": 1}
    return json.dumps(content, indent=2) + "\n"


def _problems(content: dict[str, Any], backbone: str) -> list[str]:
    wanted = list(_SIZES.values())
    if backbone == "albert":
        wanted.append("embedding_size")
    problems = [
        f"`{key}` must be a positive number, but is {content.get(key)!r}"
        for key in wanted
        if type(content.get(key)) is not int or content[key] < 1
    ]
    problems += [
        f"`{key}` must be {value!r}, but is {content[key]!r}"
        for key, value in _ONLY.items()
        if content.get(key, value) != value
    ]
    problems += _number_problems(content)
    if content.get("num_hidden_layers") == 1:
        problems.append("`num_hidden_layers` must be at least 2 for an early exit, but is 1")
    if backbone == "roberta":
        problems += _roberta_problems(content)
    if content.get("hidden_act") not in list(_ACTIVATIONS):
        problems.append(
            f"`hidden_act` must be one of {', '.join(_ACTIVATIONS)}, but is "
            f"{content.get('hidden_act')!r}"
        )
    n_segments = content.get("type_vocab_size", N_SEGMENTS)
    if backbone != "roberta" and n_segments != N_SEGMENTS:
        problems.append(f"`type_vocab_size` must be {N_SEGMENTS}, but is {n_segments!r}")
    return problems


def _roberta_problems(content: dict[str, Any]) -> list[str]:
    """It counts positions from the id of padding."""
    problems = [
        f"`{key}` must be {value}, but is {content[key]!r}"
        for key, value in _ROBERTA_IDS.items()
        if content.get(key, value) != value
    ]
    n_positions = content.get("max_position_embeddings")
    if n_positions in range(1, PAD_ID + 2):
        problems.append(
            f"`max_position_embeddings` must be above {PAD_ID + 1}, but is {n_positions}"
        )
    return problems


def _number_problems(content: dict[str, Any]) -> list[str]:
    problems = []
    eps = content.get("layer_norm_eps", 1e-12)
    if type(eps) not in (int, float) or not eps > 0:
        problems.append(f"`layer_norm_eps` must be a number above 0, but is {eps!r}")
    for key in ("hidden_dropout_prob", "attention_probs_dropout_prob"):
        value = content.get(key, 0.1)
        if type(value) not in (int, float) or not 0 <= value <= 1:
            problems.append(f"`{key}` must be a number between 0 and 1, but is {value!r}")
    width, n_heads = content.get("hidden_size"), content.get("num_attention_heads")
    if type(width) is int and type(n_heads) is int and n_heads > 0 and width % n_heads != 0:
        problems.append(f"`num_attention_heads` must divide {width}, but is {n_heads}")
    return problems
