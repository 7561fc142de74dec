"""ALBERT's tokenizer of `transformers`, and the classical one: the references for ids."""

import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

from sentencepiece import SentencePieceProcessor
from tokenizers.normalizers import Lowercase
from tokenizers.normalizers import Sequence as Steps
from transformers import AddedToken, AlbertTokenizer

from pf_fairseq.text.sentence_piece_files import PieceType, message_fields, read_pieces

Encode = Callable[..., list[list[int]]]
SPACE = "\u2581"


def dictionary_ids(pieces: Sequence[str]) -> list[int]:
    """Give the dictionary's id of each piece of ALBERT's model, by the rule in words."""
    specials = ["[CLS]", "<pad>", "[SEP]", "<unk>", "[MASK]"]
    others = [piece for piece in pieces if piece not in specials]
    order = [*specials[:4], *others, specials[4]]
    numbers = {piece: number for number, piece in enumerate(order)}
    return [numbers[piece] for piece in pieces]


def pieces_of(model: bytes) -> list[str]:
    """List the pieces by the library."""
    processor = SentencePieceProcessor(model_proto=model)
    return [processor.id_to_piece(own_id) for own_id in range(processor.get_piece_size())]


def scores_of(model: bytes) -> list[tuple[str, float]]:
    """List the pieces with their scores by the library."""
    processor = SentencePieceProcessor(model_proto=model)
    return [(text, processor.get_score(own_id)) for own_id, text in enumerate(pieces_of(model))]


def charsmap_of(model: bytes) -> bytes:
    """Give the model's character map."""
    (normalizer,) = (value for number, value in message_fields(model) if number == 3)
    assert isinstance(normalizer, bytes)
    charsmap = dict(message_fields(normalizer))[2]
    assert isinstance(charsmap, bytes)
    return charsmap


def albert_in_transformers(model: bytes, **options: Any) -> Encode:
    """Build texts -> ids of the dictionary; it takes the options of a call in `transformers`.

    The tokenizer is built from what the `tokenizer.json` of a published ALBERT holds: scores that
    are lower by 100 for pieces like `9,`, the character map, and no added tokens but the specials.
    """
    vocabulary = [(text, score - 100 * is_number_comma(text)) for text, score in scores_of(model)]
    tokenizer = AlbertTokenizer(
        vocab=vocabulary,
        _spm_precompiled_charsmap=charsmap_of(model),  # type: ignore[arg-type]  # a text in JSON
        split_special_tokens=True,
        **options,
    )
    return in_dictionary_ids(tokenizer, model)


def mapped_by_the_library(model: bytes, *, do_lower_case: bool = True) -> Encode:
    """Build the like of a tokenizer that keeps accents, the character map applied by its library.

    `transformers` applies it to whole grapheme clusters of less than six bytes: what the map says
    of the first character takes the place of all of them, so that marks are lost.
    """
    processor = SentencePieceProcessor(model_proto=model)
    vocabulary = [(text, score - 100 * is_number_comma(text)) for text, score in scores_of(model)]
    tokenizer = AlbertTokenizer(
        vocab=vocabulary, keep_accents=True, do_lower_case=False, split_special_tokens=True
    )
    tokenizer.backend_tokenizer.normalizer = Steps([])
    encode = in_dictionary_ids(tokenizer, model)
    lower = Lowercase().normalize_str if do_lower_case else str

    def prepare(text: str) -> str:
        quoted = lower(text.replace("``", '"').replace("''", '"'))
        return str(processor.normalize(quoted)).replace(SPACE, " ")

    return lambda texts, **options: encode(list(map(prepare, texts)), **options)


def bare_model_in_transformers(model: bytes) -> Encode:
    """Build the like of what `from_pretrained` makes of a folder that holds a model alone.

    `transformers` reads the model with `protobuf`, which the project does without: here its
    `SentencePieceExtractor.extract` is done by hand. Scores stay, and the control pieces and user
    symbols are added tokens, found in the raw text.
    """
    added = [
        AddedToken(piece.text, normalized=False, special=piece.type == PieceType.CONTROL)
        for piece in read_pieces("spiece.model", model)
        if piece.type in (PieceType.CONTROL, PieceType.USER_DEFINED)
    ]
    tokenizer = AlbertTokenizer(
        vocab=scores_of(model),
        _spm_precompiled_charsmap=charsmap_of(model),  # type: ignore[arg-type]  # a text in JSON
        additional_special_tokens=added,
        split_special_tokens=True,
    )
    return in_dictionary_ids(tokenizer, model)


def in_dictionary_ids(tokenizer: AlbertTokenizer, model: bytes) -> Encode:
    """Build texts -> ids of the dictionary."""
    ids = dictionary_ids(pieces_of(model))

    def encode(*texts: list[str], **options: object) -> list[list[int]]:
        batches = tokenizer(*texts, **options)["input_ids"]
        return [[ids[own_id] for own_id in batch] for batch in batches]

    return encode


def is_number_comma(piece: str) -> bool:
    return len(piece) > 1 and piece[-1] == "," and piece[-2].isdigit()


def classical_albert(model: bytes) -> Callable[[str], list[int]]:
    """Build Google's own tokenizer: Python's Unicode, the sentencepiece library, cut numbers."""
    processor = SentencePieceProcessor(model_proto=model)
    ids = dictionary_ids(pieces_of(model))

    def cut_number(piece: str) -> list[str]:
        parts = processor.encode(piece[:-1].replace(SPACE, ""), out_type=str)
        if not piece.startswith(SPACE) and parts[0].startswith(SPACE):
            parts = [parts[0].removeprefix(SPACE), *parts[1:]]
        return [*filter(None, parts), ","]

    def encode(text: str) -> list[int]:
        text = " ".join(text.split()).replace("``", '"').replace("''", '"')
        text = unicodedata.normalize("NFKD", text)
        text = "".join(each for each in text if not unicodedata.combining(each)).lower()
        pieces: list[str] = []
        for piece in processor.encode(text, out_type=str):
            pieces += cut_number(piece) if is_number_comma(piece) else [piece]
        return [ids[processor.piece_to_id(piece)] for piece in pieces]

    return encode
