"""BERT's files as `transformers` reads them, and the sentences when they do not fit."""

import re
from pathlib import Path

import pytest
from transformers.models.bert.tokenization_bert import load_vocab

from pf_fairseq.errors import InputError
from pf_fairseq.text.word_piece_files import WordPieceOptions, read_options, read_pieces
from tests.text.small_word_piece import CASED, PIECES, SPECIALS, bert_files


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["\n", ""])
def test_pieces_are_those_of_transformers(line_end: str, last: str, tmp_path: Path) -> None:
    content = (line_end.join(PIECES) + (line_end if last else "")).encode()
    (tmp_path / "vocab.txt").write_bytes(content)
    assert read_pieces(content) == PIECES == list(load_vocab(tmp_path / "vocab.txt"))


def test_real_vocabulary(tokenizers_dir: Path) -> None:
    path = tokenizers_dir / "bert" / "vocab.txt"
    pieces = read_pieces(path.read_bytes())
    assert pieces == list(load_vocab(path)) and len(pieces) == 30522


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a", "", "b"], "line 7, must be a piece that no other line has, but is empty;"),
        (["a", ""], "line 7, must be a piece that no other line has, but is empty;"),
        (
            ["a", "b", "a"],
            "line 8, must be a piece that no other line has, but repeats line 6 ('a'",
        ),
        (["[CLS]"], "line 6, must be a piece that no other line has, but repeats line 3 ('[CLS]')"),
        (["a b"], "line 6, must be a piece that no other line has, but has white space in it ('a "),
        (["a "], "but has white space in it ('a ')"),
        (["a\u3000"], r"but has white space in it ('a\u3000')"),
        (["a\rb"], r"but has white space in it ('a\rb')"),
        (["</s>"], "line 6, must be a piece that no other line has, but is </s>, which fairseq's"),
        (["<mask>"], "but is <mask>, which fairseq's dictionary has as a special symbol"),
    ],
)
def test_a_line_that_is_no_piece_is_named(lines: list[str], message: str) -> None:
    content = "".join(f"{line}\n" for line in [*SPECIALS, *lines]).encode()
    with pytest.raises(InputError, match=re.escape(message)):
        read_pieces(content)


@pytest.mark.parametrize("missing", [["[CLS]"], ["[MASK]", "[UNK]"], SPECIALS])
def test_missing_special_tokens_are_named(missing: list[str]) -> None:
    pieces = [piece for piece in PIECES if piece not in missing]
    message = f"but its {len(pieces)} lines lack {', '.join(sorted(missing))};"
    with pytest.raises(InputError, match=re.escape(message)):
        read_pieces("\n".join(pieces).encode())


def test_other_content_is_refused() -> None:
    with pytest.raises(InputError, match=r"`vocab.txt` is not UTF-8 \(byte 7\)"):
        read_pieces(b"[PAD]\na\xff\n")
    with pytest.raises(InputError, match=r"but its 0 lines lack \[CLS\]"):
        read_pieces(b"")


def test_options() -> None:
    assert read_options(b"{}") == WordPieceOptions(True, None, True)
    assert read_options(CASED) == WordPieceOptions(False, None, True)
    content = b'{"strip_accents": false, "tokenize_chinese_chars": false, "never_split": [1]}'
    assert read_options(content) == WordPieceOptions(True, False, False)
    assert read_options(b'{"strip_accents": null}') == WordPieceOptions()
    assert bert_files(cased=True)["tokenizer_config.json"] == CASED


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "`tokenizer_config.json` is not JSON ("),
        (b"\xff", "`tokenizer_config.json` is not JSON ("),
        (b"[]", "`tokenizer_config.json` must be a JSON object, but is [] instead"),
        (b'{"do_lower_case": 1}', "`do_lower_case` in `tokenizer_config.json` must be true or fal"),
        (b'{"do_lower_case": null}', "must be true or false, but is null instead"),
        (b'{"strip_accents": "no"}', "`strip_accents` in `tokenizer_config.json` must be true or"),
        (b'{"tokenize_chinese_chars": []}', "must be true or false, but is [] instead"),
    ],
)
def test_options_that_make_no_sense(content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        read_options(content)
