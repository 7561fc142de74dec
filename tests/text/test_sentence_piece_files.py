"""Models and options of a sentencepiece tokenizer: what they hold, and what is refused."""

import re

import pytest
from sentencepiece import SentencePieceProcessor

from pf_fairseq.errors import InputError
from pf_fairseq.text.sentence_piece_files import (
    PieceType,
    SentencePieceOptions,
    read_options,
    read_pieces,
)
from tests.text.small_sentence_piece import ALBERT, CASED, MODEL, train


def test_pieces_are_those_of_the_library() -> None:
    library = SentencePieceProcessor(model_proto=MODEL)
    pieces = read_pieces("a.model", MODEL)
    assert len(pieces) == library.get_piece_size()
    for own_id, piece in enumerate(pieces):
        assert piece.text == library.id_to_piece(own_id)
        assert piece.score == library.get_score(own_id)
        assert (piece.type == PieceType.CONTROL) == library.is_control(own_id)
        assert (piece.type == PieceType.UNKNOWN) == library.is_unknown(own_id)
    assert pieces[5].type == PieceType.USER_DEFINED


def test_every_truncated_model_is_refused() -> None:
    for length in [*range(400), *range(400, len(MODEL), 997), len(MODEL) - 1]:
        with pytest.raises(InputError, match="`a.model` must be a whole sentencepiece model, but"):
            read_pieces("a.model", MODEL[:length])


@pytest.mark.parametrize(
    "content", [b"", b"hello, world\n", b"\x89PNG\r\n\x1a\n" * 9, b"PK\x03\x04" + bytes(99), b"{}"]
)
def test_foreign_file_is_refused(content: bytes) -> None:
    with pytest.raises(InputError, match="`a.model` must be a whole sentencepiece model, but"):
        read_pieces("a.model", content)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model_type": "bpe"}, "of type unigram, but was trained as bpe"),
        ({"model_type": "char"}, "of type unigram, but was trained as bpe"),
        ({"byte_fallback": True, "vocab_size": 400}, "must have no byte pieces, but was trained"),
    ],
)
def test_other_kinds_of_models_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        read_pieces("a.model", train(**{**ALBERT, **options}))


def test_options() -> None:
    assert read_options(b"{}") == SentencePieceOptions(True, True, False)
    assert read_options(CASED) == SentencePieceOptions(False, True, True)
    assert read_options(b'{"remove_space": false, "x": [1]}') == SentencePieceOptions(
        True, False, False
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "`tokenizer_config.json` is not JSON ("),
        (b"[]", "`tokenizer_config.json` must be a JSON object, but is [] instead"),
        (b'{"do_lower_case": 1}', "`do_lower_case` in `tokenizer_config.json` must be true or fal"),
        (b'{"remove_space": null}', "`remove_space` in `tokenizer_config.json` must be true or fa"),
        (b'{"keep_accents": "no"}', "`keep_accents` in `tokenizer_config.json` must be true or fa"),
    ],
)
def test_options_that_make_no_sense(content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        read_options(content)
