"""ALBERT's tokenizer of `transformers`, and the classical one: references for ids."""

import unicodedata
from collections.abc import Callable
from pathlib import Path

from sentencepiece import SentencePieceProcessor
from tokenizers.normalizers import Precompiled
from transformers import AlbertTokenizer

from pf_fairseq.text.sentence_piece_files import read_pieces

Encode = Callable[..., list[list[int]]]
SPACE = "\u2581"


def dictionary_ids(pieces: list[str]) -> list[int]:
    """Give the dictionary's id of each piece of a model of ALBERT's, by the rule in words."""
    specials = ["[CLS]", "<pad>", "[SEP]", "<unk>", "[MASK]"]
    others = [piece for piece in pieces if piece not in specials]
    order = [*specials[:4], *others, specials[4]]
    numbers = {piece: number for number, piece in enumerate(order)}
    return [numbers[piece] for piece in pieces]


def _pieces(processor: SentencePieceProcessor) -> list[str]:
    return [processor.id_to_piece(own_id) for own_id in range(processor.get_piece_size())]


def _is_number_comma(piece: str) -> bool:
    return len(piece) > 1 and piece[-1] == "," and piece[-2].isdigit()


def character_map(model: bytes) -> bytes:
    """Take the model's own normalization out of it."""
    from sentencepiece.sentencepiece_model_pb2 import ModelProto

    return bytes(ModelProto.FromString(model).normalizer_spec.precompiled_charsmap)
