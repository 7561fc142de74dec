"""Vocabularies and merges that do not fit are refused in a sentence."""

import pytest

from pf_fairseq.errors import InputError
from pf_fairseq.text.bpe_files import read_merges, read_vocabulary, text_pieces
from tests.text.small_bpe import MERGES, PIECES, fairseq_files

VOCABULARY = {piece: own_id for own_id, piece in enumerate(PIECES)}


def test_good_files() -> None:
    files = fairseq_files()
    assert read_vocabulary("encoder.json", files["encoder.json"]) == VOCABULARY
    assert read_merges("vocab.bpe", files["vocab.bpe"]) == MERGES
    assert text_pieces(VOCABULARY, MERGES, vocabulary_name="encoder.json") == set(PIECES)


def test_merges_txt_may_lack_the_version_line() -> None:
    assert read_merges("merges.txt", b"a b\nab c") == [("a", "b"), ("ab", "c")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[1]", "must be a JSON object"),
        (b'{"a": "0"}', "must be a JSON object"),
        (b'{"a": true}', "must be a JSON object"),
        (b'{"a": 0, "b": 2}', "must number its 2 pieces 0..1, each once"),
        (b'{"a": 0, "b": 0}', "1 of them differ"),
    ],
)
def test_bad_vocabulary(content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_vocabulary("encoder.json", content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"#version: 0.2\na\n", "line 2, must be two pieces not merged before, but is 'a'"),
        (b"#version: 0.2\na b\na b c\n", "line 3, must be two pieces"),
        (b"#version: 0.2\na b\na b\n", "line 3, must be two pieces not merged before"),
        (b"#version: 0.2\n\xff b\n", "is not UTF-8"),
        (b"a b\n", "must start with a `#version` line and end in a line break"),
        (b"#version: 0.2\na b", "must start with a `#version` line and end in a line break"),
    ],
)
def test_bad_merges(content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_merges("vocab.bpe", content)


def test_vocabulary_must_hold_every_byte_and_merge() -> None:
    lacking = {piece: own_id for piece, own_id in VOCABULARY.items() if piece != "".join(MERGES[0])}
    with pytest.raises(InputError, match=f"lacks 1 of {len(PIECES)}"):
        text_pieces(lacking, MERGES, vocabulary_name="encoder.json")
    with pytest.raises(InputError, match="lacks 255 of 256"):
        text_pieces({"a": 0}, [], vocabulary_name="encoder.json")


def test_merge_of_an_unmade_piece_is_refused() -> None:
    with pytest.raises(InputError, match=r"Merge 1, 'ab' \+ 'c', uses a piece that no merge"):
        text_pieces(VOCABULARY, [("ab", "c"), ("a", "b")], vocabulary_name="encoder.json")


def test_merges_that_make_a_special_symbol_are_refused() -> None:
    merges = [("<", "s"), ("<s", ">")]
    vocabulary = {**VOCABULARY, "<s": len(PIECES), "<s>": len(PIECES) + 1}
    with pytest.raises(InputError, match="make '<s>' out of plain text"):
        text_pieces(vocabulary, merges, vocabulary_name="encoder.json")
