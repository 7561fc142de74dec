"""From a Hugging Face folder to an encoder of ours."""

from pathlib import Path

from torch import Tensor

from pf_fairseq.checkpoints.hugging_face.config import read_config
from pf_fairseq.checkpoints.hugging_face.key_maps import KEY_MAPS, SEGMENTS
from pf_fairseq.checkpoints.hugging_face.tokenizer_json import load_hugging_face_tokenizer
from pf_fairseq.checkpoints.hugging_face.weights import read_weights
from pf_fairseq.checkpoints.pretrained import (
    TOKENIZER_KINDS,
    PretrainedEncoder,
    to_dictionary_order,
    token_embedding,
)
from pf_fairseq.errors import InputError


def read_hugging_face(folder: Path) -> PretrainedEncoder:
    """Read config.json, the weights and the tokenizer's files.

    Heads and poolers are left out; every other tensor must be known.

    Raises:
        InputError: if something is missing, damaged, not supported, or does not fit the rest.
    """
    config = read_config(folder)
    tokenizer = load_hugging_face_tokenizer(TOKENIZER_KINDS[config.backbone], folder)
    weights = KEY_MAPS[config.backbone].to_ours(read_weights(folder), config.shape.n_layers)
    if config.backbone == "roberta":
        _fold_segments(weights)
    name = token_embedding(weights)
    weights[name] = to_dictionary_order(weights[name], tokenizer)
    return PretrainedEncoder(config, weights, tokenizer.dictionary_text(), tokenizer)


def _fold_segments(weights: dict[str, Tensor]) -> None:
    """Add the one segment of RoBERTa, in place, to the positions: each token has one of both."""
    positions, segments = weights["embed_positions.weight"], weights.pop(SEGMENTS)
    if segments.dim() != 2 or len(segments) == 0 or positions.shape[1:] != segments.shape[1:]:
        raise InputError(
            f"the segment embedding must be `(1, {positions.size(-1)})` as RoBERTa's, but is "
            f"{tuple(segments.shape)}; copy the whole model folder."
        )
    weights["embed_positions.weight"] = positions + segments[0]
