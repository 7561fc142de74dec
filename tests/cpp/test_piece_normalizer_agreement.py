"""What a sentencepiece model makes of text before it is cut: C++ against the library sentencepiece.

Ids alone would not do: different characters that no piece holds are all unknown. Needs the program
`normalize`, and for ALBERT's own model `PF_TOKENIZERS_DIR`.
"""

import random
import unicodedata
from pathlib import Path

import pytest
from sentencepiece import SentencePieceProcessor

from tests.cpp.programs import assert_agree, built, run_program
from tests.cpp.test_sentence_piece_agreement import MODELS, TRICKY
from tests.fuzzing import characters, fuzzed_texts
from tests.text.small_bpe import write_files
from tests.text.small_sentence_piece import ALBERT, train

ESCAPE_NO_SPACES = b"\x1a\x02\x28\x00"  # normalizer_spec (3), its field 5, false


def compare(model: bytes, texts: list[str], folder: Path) -> None:
    """Compare the normalized texts, character by character."""
    write_files(folder, {"a.model": model})
    command = [built("normalize"), folder / "a.model"]
    library = SentencePieceProcessor(model_proto=model)
    assert_agree(
        lambda batch: run_program(command, batch),
        lambda batch: [list(map(ord, library.normalize(text))) for text in batch],
        texts,
    )


def texts_of_characters() -> list[str]:
    """Give texts with each character, whole and taken apart, behind others and before others.

    Some strings of a character map start with others: one Hangul syllable or accented letter taken
    apart, with another.
    """
    apart = [unicodedata.normalize(form, c) for c in characters() for form in ("NFD", "NFKD")]
    known = dict.fromkeys([*characters(), *apart, *(each[:-1] for each in apart if each[1:])])
    parts = list(known)
    random.Random(0).shuffle(parts)
    return [
        "".join(f"a{c}1{c} {c}" for c in parts[start : start + 8])
        for start in range(0, len(parts), 8)
    ]


@pytest.mark.parametrize("name", MODELS)
def test_fuzzed_texts(name: str, tmp_path: Path) -> None:
    compare(train(**MODELS[name]), [*TRICKY, *fuzzed_texts(20_000, seed=4)], tmp_path)


@pytest.mark.parametrize("rule", ["identity", "nfkc", "nfkc_cf", "nmt_nfkc", "nmt_nfkc_cf"])
def test_every_character(rule: str, tmp_path: Path) -> None:
    compare(train(**ALBERT, normalization_rule_name=rule), texts_of_characters(), tmp_path)


@pytest.mark.parametrize("removed", [True, False])
def test_spaces_as_they_are(removed: bool, tmp_path: Path) -> None:
    model = train(**ALBERT, remove_extra_whitespaces=removed) + ESCAPE_NO_SPACES
    compare(model, [*TRICKY, *fuzzed_texts(20_000, seed=5)], tmp_path)


def test_alberts_model(tokenizers_dir: Path, tmp_path: Path) -> None:
    model = (tokenizers_dir / "albert" / "spiece.model").read_bytes()
    texts = [*TRICKY, *fuzzed_texts(120_000, seed=6), *texts_of_characters()]
    compare(model, texts, tmp_path)
