"""`dict.txt` read as fairseq reads it."""

from pathlib import Path

import pytest

from pf_fairseq.errors import InputError
from pf_fairseq.text.dictionary import format_dictionary, read_dictionary
from tests.text.fairseq_reference import Dictionary


def fairseq_indices(path: Path) -> dict[str, int]:
    dictionary = Dictionary.load(str(path))
    dictionary.add_symbol("<mask>")
    return dict(dictionary.indices)


@pytest.mark.parametrize(
    "text",
    [
        "13 850\n262 0\nmadeupword0000 0\n",
        "a b 3\r\n  c 2\r\n\u0120the 1",
        "13 1\n<mask> 0\n14 1\n",
        "",
    ],
)
def test_numbers_are_fairseqs(text: str, tmp_path: Path) -> None:
    (tmp_path / "dict.txt").write_text(text, encoding="utf-8", newline="")
    assert read_dictionary(text) == fairseq_indices(tmp_path / "dict.txt")


def test_real_dictionary_is_numbered_as_fairseq_does(tokenizers_dir: Path) -> None:
    path = tokenizers_dir / "roberta" / "dict.txt"
    assert read_dictionary(path.read_text(encoding="utf-8")) == fairseq_indices(path)


def test_written_dictionary_keeps_the_order(tmp_path: Path) -> None:
    labels = ["not at all", "yes", "10", "9"]
    (tmp_path / "dict.txt").write_text(format_dictionary(labels), encoding="utf-8")
    indices = fairseq_indices(tmp_path / "dict.txt")
    assert [indices[label] for label in labels] == [4, 5, 6, 7]


@pytest.mark.parametrize("symbol", ["<pad>", "13"])
def test_repeated_symbol_is_refused(symbol: str) -> None:
    with pytest.raises(InputError, match=f"line 2, names '{symbol}', which is there already"):
        read_dictionary(f"13 5\n{symbol} 1\n")


@pytest.mark.parametrize("line", ["13", "13 many", "", "13 1 #fairseq:overwrite"])
def test_line_without_count_is_refused(line: str) -> None:
    with pytest.raises(InputError, match="line 2, must be `symbol count`"):
        read_dictionary(f"12 5\n{line}\n14 5\n")
