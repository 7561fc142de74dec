"""The files of a sentencepiece tokenizer: a model, read here for what its library does not say."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from pf_fairseq.errors import InputError
from pf_fairseq.text.tokenizer_config import read_config, read_flag

SPACE = "\u2581"  # stands for a space in pieces

Field = tuple[int, int | bytes]  # a number of sentencepiece_model.proto, and its value


class PieceType(IntEnum):
    """`ModelProto.SentencePiece.Type`."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


@dataclass(frozen=True)
class Piece:
    """A piece of the vocabulary and its logarithmic probability."""

    text: str
    score: float
    type: PieceType


@dataclass(frozen=True)
class SentencePieceOptions:
    """What `tokenizer_config.json` says about the text before it is cut into pieces.

    Args:
        do_lower_case: lower the case of every character.
        remove_space: make one space of each run of white space, none at the ends.
        keep_accents: leave characters as they are, instead of taking them apart (NFKD) and
            dropping the marks.
    """

    do_lower_case: bool = True
    remove_space: bool = True
    keep_accents: bool = False


def read_pieces(name: str, content: bytes) -> list[Piece]:
    """Read the pieces of a model in the order of their ids.

    Raises:
        InputError: if it is no whole sentencepiece model, or not a unigram model without byte
            pieces such as ALBERT's.
    """
    try:
        fields = list(message_fields(content))
        pieces = [_piece(value) for number, value in fields if number == 1]
        trainer, _ = (_message(fields, number) for number in (2, 3))
    except ValueError as error:  # no UTF-8, or a type that does not exist, among others
        raise InputError(
            f"`{name}` must be a whole sentencepiece model, but cannot be read as one ({error})."
        ) from error
    if trainer.get(3, 1) != 1:
        raise InputError(
            f"`{name}` must be a sentencepiece model of type unigram, but was "
            "trained as bpe, word or char."
        )
    if trainer.get(35, 0) or any(piece.type == PieceType.BYTE for piece in pieces):
        raise InputError(
            f"`{name}` must have no byte pieces, but was trained with byte_fallback; train it "
            "without."
        )
    return pieces


def read_options(content: bytes) -> SentencePieceOptions:
    """Read `tokenizer_config.json`; what it leaves out is as ALBERT's own default has it.

    Raises:
        InputError: if it is not a JSON object, or an option is not true or false.
    """
    config = read_config(content)
    options = SentencePieceOptions()
    return SentencePieceOptions(
        do_lower_case=read_flag(config, "do_lower_case", options.do_lower_case),
        remove_space=read_flag(config, "remove_space", options.remove_space),
        keep_accents=read_flag(config, "keep_accents", options.keep_accents),
    )


def _piece(content: int | bytes) -> Piece:
    fields = dict(message_fields(_bytes(content)))
    (score,) = struct.unpack("<f", _bytes(fields.get(2, bytes(4))))
    return Piece(_bytes(fields.get(1, b"")).decode(), score, PieceType(_number(fields.get(3, 1))))


def _message(fields: list[Field], wanted: int) -> dict[int, int | bytes]:
    """Take a field that every trained model has: without it, the end of the file is missing.

    Where it is written in parts, they are read as one.
    """
    parts = [_bytes(value) for number, value in fields if number == wanted]
    if not parts:
        raise ValueError(f"field {wanted} is missing")
    return dict(message_fields(b"".join(parts)))


def message_fields(content: bytes) -> Iterator[Field]:
    """Split a message of protocol buffers into its fields: varints as numbers, others as bytes."""
    position = 0
    while position < len(content):
        key, position = _varint(content, position)
        number, wire_type = key >> 3, key & 7
        if wire_type == 0:
            value, position = _varint(content, position)
            yield number, value
            continue
        if wire_type == 2:
            length, position = _varint(content, position)
        elif wire_type in (1, 5):
            length = 8 if wire_type == 1 else 4
        else:
            raise ValueError(f"wire type {wire_type} at byte {position}")
        if length > len(content) - position:
            raise ValueError(f"cut off at byte {len(content)}")
        yield number, content[position : position + length]
        position += length


def _varint(content: bytes, position: int) -> tuple[int, int]:
    """Read a number; returns it and where the next byte is."""
    value = 0
    for shift in range(0, 70, 7):
        if position == len(content):
            raise ValueError(f"cut off at byte {position}")
        byte = content[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError(f"a number of more than ten bytes before byte {position}")


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, bytes):
        return value
    raise ValueError("a number in place of bytes")


def _number(value: int | bytes) -> int:
    if isinstance(value, int):
        return value
    raise ValueError("bytes in place of a number")
