"""From an encoder of ours to a Hugging Face folder."""

import json
from collections.abc import Mapping

from safetensors.torch import save
from torch import Tensor

from pf_fairseq.backbones.description import BackboneDescription
from pf_fairseq.checkpoints.hugging_face.config import CONFIG_NAME, config_json
from pf_fairseq.checkpoints.hugging_face.weights import SAFETENSORS
from pf_fairseq.checkpoints.pretrained import (
    PretrainedEncoder,
    to_own_order,
    token_embedding,
    token_ids,
)
from pf_fairseq.errors import InputError
from pf_fairseq.text.byte_level_bpe import FAIRSEQ_FILES, HUGGING_FACE_FILES
from pf_fairseq.text.dictionary import DICTIONARY_NAME, read_dictionary
from pf_fairseq.text.tokenizer import Tokenizer
from pf_fairseq.text.tokenizer_config import CONFIG_NAME as TOKENIZER_CONFIG

_SENTENCEPIECE = "spiece.model"  # the name that transformers looks for


def hugging_face_files(encoder: PretrainedEncoder) -> dict[str, bytes]:
    """Contents of the folder by file name: config, safetensors, tokenizer.

    Raises:
        InputError: if the source has no tokenizer files.
    """
    tokenizer = encoder.tokenizer
    if tokenizer is None:
        raise InputError(
            "a Hugging Face folder needs the tokenizer, but beside dict.txt there is no "
            f"{FAIRSEQ_FILES[0]} and {FAIRSEQ_FILES[1]}; copy GPT-2's two files there."
        )
    own_ids = {"pad": tokenizer.pad_id, "bos": tokenizer.bos_id, "eos": tokenizer.eos_id}
    if DICTIONARY_NAME not in tokenizer.files:  # else its numbering becomes vocab.json's
        ids = list(token_ids(tokenizer))
        own_ids = {name: ids.index(number) for name, number in own_ids.items()}
    return {
        CONFIG_NAME: config_json(encoder.config, own_ids).encode(),
        SAFETENSORS: save(_weights(encoder, tokenizer), {"format": "pt"}),
        **_tokenizer_files(encoder.config.description, tokenizer),
    }


def _weights(encoder: PretrainedEncoder, tokenizer: Tokenizer) -> dict[str, Tensor]:
    weights = dict(encoder.weights)
    name = token_embedding(weights)
    if DICTIONARY_NAME not in tokenizer.files:
        weights[name] = to_own_order(weights[name], tokenizer)
    theirs = encoder.config.description.hugging_face
    if theirs.to_theirs is not None:
        theirs.to_theirs(weights)
    renamed = theirs.key_map.to_theirs(weights, encoder.config.shape.n_layers)
    return {name: tensor.contiguous() for name, tensor in renamed.items()}


def _tokenizer_files(description: BackboneDescription, tokenizer: Tokenizer) -> dict[str, bytes]:
    files = {
        _SENTENCEPIECE if name.endswith(".model") else name: content
        for name, content in tokenizer.files.items()
    }
    if DICTIONARY_NAME in files:
        files = _byte_level_files(tokenizer.files, tokenizer)
    config = {"tokenizer_class": description.hugging_face.tokenizer_classes[0]}
    files.setdefault(TOKENIZER_CONFIG, (json.dumps(config) + "\n").encode())
    return files


def _byte_level_files(files: Mapping[str, bytes], tokenizer: Tokenizer) -> dict[str, bytes]:
    """GPT-2's two files and `dict.txt` as RoBERTa's vocab.json and merges.txt."""
    encoder_name, merges_name, _ = FAIRSEQ_FILES
    pieces = {str(number): piece for piece, number in json.loads(files[encoder_name]).items()}
    symbols = read_dictionary(tokenizer.dictionary_text())
    # symbols that stand for no piece (`<s>`, fillers) keep their names
    vocabulary = {pieces.get(symbol, symbol): number for symbol, number in symbols.items()}
    vocabulary_name, new_merges_name = HUGGING_FACE_FILES
    return {
        vocabulary_name: json.dumps(vocabulary, ensure_ascii=False).encode(),
        new_merges_name: files[merges_name],
    }
