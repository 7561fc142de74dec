"""`config.json` of a Hugging Face folder."""

import json
from pathlib import Path
from typing import Any

from pf_fairseq.backbones.catalogue import BACKBONES
from pf_fairseq.backbones.description import BackboneDescription
from pf_fairseq.backbones.shape import EncoderShape
from pf_fairseq.checkpoints.encoder_config import EncoderConfig
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
# What changes the computation, whatever the backbone, and the only value that we compute.
_ONLY = {"position_embedding_type": "absolute", "is_decoder": False, "add_cross_attention": False}


def read_config(folder: Path) -> EncoderConfig:
    """Read the encoder's sizes.

    Raises:
        InputError: naming everything that is missing or that we do not compute.
    """
    content = read_json_object(
        folder / CONFIG_NAME, absent="give a Hugging Face model folder", damaged="copy it again"
    )
    description = _description(folder / CONFIG_NAME, content.get("model_type"))
    problems = _problems(content, description)
    if problems:
        raise list_problems(f"`{folder / CONFIG_NAME}` cannot be converted:", problems)
    sizes = {field: content[key] for field, key in _SIZES.items()}
    sizes["max_positions"] -= description.hugging_face.first_position
    shape = EncoderShape(
        **sizes,
        pad_id=PAD_ID,
        activation=_ACTIVATIONS[content["hidden_act"]],
        layer_norm_eps=float(content.get("layer_norm_eps", 1e-12)),
        dropout=float(content.get("hidden_dropout_prob", 0.1)),
        attention_dropout=float(content.get("attention_probs_dropout_prob", 0.1)),
    )
    own_sizes = {size.flag: content[size.config_key] for size in description.own_sizes}
    return EncoderConfig(description.name, shape, own_sizes)


def config_json(config: EncoderConfig, token_ids: dict[str, int]) -> str:
    """Write `config.json` of an encoder.

    Args:
        config: the encoder.
        token_ids: ids of pad, bos and eos in the tokenizer's own numbering.
    """
    shape, theirs = config.shape, config.description.hugging_face
    content: dict[str, Any] = {
        "architectures": [theirs.architecture],
        "model_type": config.backbone,
        **{key: getattr(shape, field) for field, key in _SIZES.items()},
        "hidden_act": _HIDDEN_ACTS[shape.activation],
        "hidden_dropout_prob": shape.dropout,
        "attention_probs_dropout_prob": shape.attention_dropout,
        "layer_norm_eps": shape.layer_norm_eps,
        **theirs.written,
        **{s.config_key: config.own_sizes[s.flag] for s in config.description.own_sizes},
        **{f"{name}_token_id": number for name, number in token_ids.items()},
    }
    content["max_position_embeddings"] += theirs.first_position
    return json.dumps(content, indent=2) + "\n"


def _description(path: Path, model_type: object) -> BackboneDescription:
    names = ", ".join(BACKBONES)
    if model_type is None:
        raise InputError(
            f"`{path}` has no `model_type`, without which nobody knows the architecture; add it: "
            f'`"model_type": "{next(iter(BACKBONES))}"`, or whichever of {names} the model is.'
        )
    if not isinstance(model_type, str) or model_type not in BACKBONES:
        raise InputError(
            f"`{path}`: `model_type` must be one of {names}, but is {model_type!r}; other "
            "architectures are not supported."
        )
    return BACKBONES[model_type]


def _problems(content: dict[str, Any], description: BackboneDescription) -> list[str]:
    own_keys = [size.config_key for size in description.own_sizes]
    problems = [
        f"`{key}` must be a positive number, but is {content.get(key)!r}"
        for key in [*_SIZES.values(), *own_keys]
        if type(content.get(key)) is not int or content[key] < 1
    ]
    problems += [
        f"`{key}` must be {value!r}, but is {content[key]!r}"
        for key, value in {**_ONLY, **description.hugging_face.only}.items()
        if content.get(key, value) != value
    ]
    problems += _number_problems(content)
    if content.get("num_hidden_layers") == 1:
        problems.append("`num_hidden_layers` must be at least 2 for an early exit, but is 1")
    n_positions = content.get("max_position_embeddings")
    n_before = description.hugging_face.first_position
    if n_positions in range(1, n_before + 1):
        problems.append(f"`max_position_embeddings` must be above {n_before}, but is {n_positions}")
    if content.get("hidden_act") not in list(_ACTIVATIONS):
        problems.append(
            f"`hidden_act` must be one of {', '.join(_ACTIVATIONS)}, but is "
            f"{content.get('hidden_act')!r}"
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
