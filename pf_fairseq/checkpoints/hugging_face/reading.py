"""From a Hugging Face folder to an encoder of ours."""

from dataclasses import replace
from pathlib import Path

from pf_fairseq.checkpoints.hugging_face.config import read_config
from pf_fairseq.checkpoints.hugging_face.tokenizer_json import load_hugging_face_tokenizer
from pf_fairseq.checkpoints.hugging_face.weights import read_weights
from pf_fairseq.checkpoints.pretrained import (
    PretrainedEncoder,
    to_dictionary_order,
    token_embedding,
)


def read_hugging_face(folder: Path) -> PretrainedEncoder:
    """Read config.json, the weights and the tokenizer's files.

    Heads and poolers of any name are left out, and so are rows of the token embedding that belong
    to no token; every other tensor must be known.

    Raises:
        InputError: if something is missing, damaged, not supported, or does not fit the rest.
    """
    config = read_config(folder)
    theirs = config.description.hugging_face
    tokenizer = load_hugging_face_tokenizer(config.description, folder)
    weights, left_out = theirs.key_map.to_ours(read_weights(folder), config.shape.n_layers)
    if theirs.to_ours is not None:
        theirs.to_ours(weights)
    name = token_embedding(weights)
    n_rows = len(weights[name])
    weights[name] = to_dictionary_order(weights[name], tokenizer)
    if n_rows > len(weights[name]):
        left_out.append(f"{n_rows - len(weights[name])} spare rows of the token embedding")
        shape = replace(config.shape, vocab_size=tokenizer.vocab_size)
        config = replace(config, shape=shape)
    text = tokenizer.dictionary_text()
    return PretrainedEncoder(config, weights, text, tokenizer, tuple(left_out))
