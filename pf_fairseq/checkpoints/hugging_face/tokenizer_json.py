"""The classical tokenizer files out of a `tokenizer.json`, which is all that newer folders hold."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pf_fairseq.backbones.description import BackboneDescription
from pf_fairseq.checkpoints.hugging_face.tokenizer_claims import (
    TOKENIZER_JSON,
    check_claims,
    is_generic,
    read_claims,
)
from pf_fairseq.errors import InputError
from pf_fairseq.text.tokenizer import Tokenizer, load_tokenizer, tokenizer_from_files
from pf_fairseq.text.tokenizer_config import CONFIG_NAME
from pf_fairseq.text.word_piece_files import UNKNOWN_PIECE, read_options

_OWN_FILE = {"roberta": "vocab.json", "bert": "vocab.txt", "sentencepiece": "*.model"}


def load_hugging_face_tokenizer(description: BackboneDescription, folder: Path) -> Tokenizer:
    """Build a backbone's tokenizer from the folder's own files, or else from its tokenizer.json.

    Raises:
        InputError: if neither is there, or the tokenizer does something that ours does not.
    """
    claims = read_claims(folder)
    check_claims(description, folder, claims)
    tokenizer = _load(description.tokenizer, folder, claims)
    found, wanted = tokenizer.special_pieces, description.special_pieces
    if found.bos is not None and found != wanted:
        raise InputError(
            f"The tokenizer of `{folder}` must have {description.title}'s special tokens "
            f"({' '.join(map(str, wanted))}), but has {' '.join(map(str, found))}; take "
            "config.json and the tokenizer's files from one model."
        )
    return tokenizer


def _load(kind: str, folder: Path, claims: dict[str, Any]) -> Tokenizer:
    path = folder / TOKENIZER_JSON
    generic = kind in _FILES and is_generic(claims)
    if not path.is_file() or (any(folder.glob(_OWN_FILE[kind])) and not generic):
        return load_tokenizer(kind, folder)
    if kind not in _FILES:
        raise InputError(
            f"`{folder}` has {TOKENIZER_JSON} but no {_OWN_FILE[kind]}, which cannot be made from "
            "it; copy the file of the original model there."
        )
    try:
        files = _FILES[kind](json.loads(path.read_text("utf-8")))
        if kind == "bert" and not generic and (folder / CONFIG_NAME).is_file():
            _check_options(files[CONFIG_NAME], (folder / CONFIG_NAME).read_bytes())
        return tokenizer_from_files(kind, files)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, InputError):
            raise InputError(f"`{path}`: {error}") from error
        raise InputError(f"`{path}` is damaged ({type(error).__name__}: {error}).") from error


def word_piece_files(content: dict[str, Any]) -> dict[str, bytes]:
    """vocab.txt and tokenizer_config.json of BERT's tokenizer.

    Raises:
        InputError: if it is not BERT's, or its numbers have a gap.
    """
    model, normalizer = content["model"], content["normalizer"]
    _demand("model.type", _model_type(model), "WordPiece")
    _demand("model.unk_token", model["unk_token"], UNKNOWN_PIECE)
    _demand("model.continuing_subword_prefix", model["continuing_subword_prefix"], "##")
    _demand("model.max_input_chars_per_word", model["max_input_chars_per_word"], 100)
    _demand("normalizer.type", normalizer["type"], "BertNormalizer")
    _demand("normalizer.clean_text", normalizer["clean_text"], True)
    _demand("pre_tokenizer.type", content["pre_tokenizer"]["type"], "BertPreTokenizer")
    options = {
        "do_lower_case": normalizer["lowercase"],
        "strip_accents": normalizer["strip_accents"],
        "tokenize_chinese_chars": normalizer["handle_chinese_chars"],
    }
    pieces = _in_order(model["vocab"])
    return {
        "vocab.txt": "".join(f"{piece}\n" for piece in pieces).encode(),
        CONFIG_NAME: (json.dumps(options) + "\n").encode(),
    }


def byte_level_files(content: dict[str, Any]) -> dict[str, bytes]:
    """vocab.json and merges.txt of RoBERTa's tokenizer.

    Raises:
        InputError: if it is not RoBERTa's, or its numbers have a gap.
    """
    model, splitter = content["model"], content["pre_tokenizer"]
    _demand("model.type", _model_type(model), "BPE")
    _demand("normalizer", content["normalizer"], None)
    _demand("pre_tokenizer.type", splitter["type"], "ByteLevel")
    _demand("pre_tokenizer.add_prefix_space", splitter["add_prefix_space"], False)
    _demand("pre_tokenizer.use_regex", splitter.get("use_regex", True), True)
    for affix in ("continuing_subword_prefix", "end_of_word_suffix"):
        _demand(f"model.{affix}", model.get(affix) or "", "")
    _demand("model.byte_fallback", model.get("byte_fallback", False), False)
    _demand("model.ignore_merges", model.get("ignore_merges", False), False)
    pieces = _in_order(model["vocab"])
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in model["merges"]]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    return {
        "vocab.json": json.dumps(vocabulary, ensure_ascii=False).encode(),
        "merges.txt": "".join(f"{line}\n" for line in ["#version: 0.2", *merges]).encode(),
    }


_FILES: dict[str, Callable[[dict[str, Any]], dict[str, bytes]]] = {
    "bert": word_piece_files,
    "roberta": byte_level_files,
}


def _model_type(model: dict[str, Any]) -> object:
    """The model's type, which older files leave out."""
    older = "BPE" if "merges" in model else "WordPiece"
    return model.get("type", older)


def _check_options(ours: bytes, theirs: bytes) -> None:
    """BERT's own class in transformers goes by tokenizer_config.json, not by the normalizer."""
    found, claimed = asdict(read_options(ours)), asdict(read_options(theirs))
    for name, value in found.items():
        if value != claimed[name]:
            raise InputError(
                f"the normalizer has `{name}` {json.dumps(value)}, but {CONFIG_NAME} says "
                f"{json.dumps(claimed[name])} (or leaves it out, which says the same); make them "
                "agree."
            )


def _demand(name: str, value: object, wanted: object) -> None:
    if value != wanted:
        raise InputError(f"`{name}` must be {wanted!r}, but is {value!r}.")


def _in_order(vocabulary: dict[str, int]) -> list[str]:
    pieces = sorted(vocabulary, key=vocabulary.__getitem__)
    if [vocabulary[piece] for piece in pieces] != list(range(len(pieces))):
        raise InputError("the vocabulary must be numbered from 0 without a gap.")
    return pieces
