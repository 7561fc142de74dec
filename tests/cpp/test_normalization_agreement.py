"""The C++ decompositions and lower case against those of Hugging Face `tokenizers`.

Needs the program `normalize`.
"""

import random
import subprocess
import sys
from collections.abc import Sequence

import pytest
from tokenizers.normalizers import NFD, NFKD, BertNormalizer, Lowercase, Normalizer, StripAccents

from tests.cpp.programs import ROOT, assert_agree, built, run_program
from tests.fuzzing import characters, fuzzed_texts

N_FUZZED = 30_000
NORMALIZERS = {
    "nfd": NFD(),
    "nfkd": NFKD(),
    "lower": Lowercase(),
    "nonspacing": BertNormalizer(
        clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False
    ),
    "marks": StripAccents(),
}


def marks() -> list[str]:
    """Return every mark that either form can move."""
    return [each for each in characters() if StripAccents().normalize_str(each) == ""]


def texts_of_marks(n_texts: int, seed: int) -> list[str]:
    """Return texts with runs of marks, which the canonical order sorts."""
    rng, pool = random.Random(seed), marks()
    parts = ["a", "\u00e9", "\uac01", "\u1100", " ", "\u0f73", "\u0344"]
    return [
        "".join(rng.choices([*parts, *rng.choices(pool, k=12)], k=rng.randint(1, 20)))
        for _ in range(n_texts)
    ]


def compare(name: str, texts: Sequence[str], normalizer: Normalizer) -> None:
    """Compare the code points of all texts."""
    command = [built("normalize"), name]
    assert_agree(
        lambda batch: run_program(command, batch),
        lambda batch: [list(map(ord, normalizer.normalize_str(text))) for text in batch],
        texts,
    )


@pytest.mark.parametrize("name", NORMALIZERS)
def test_every_character(name: str) -> None:
    # BertNormalizer takes characters apart before it strips
    decompose = NFD().normalize_str if name == "nonspacing" else str
    every = [each for each in characters() if decompose(each) == each]
    # with a letter between them, which no mark moves past
    texts = ["x".join(every[start : start + 16]) for start in range(0, len(every), 16)]
    compare(name, texts, NORMALIZERS[name])


@pytest.mark.parametrize("name", ["nfd", "nfkd", "lower", "marks"])
def test_fuzzed_texts(name: str) -> None:
    texts = [*fuzzed_texts(N_FUZZED, seed=20210607), *texts_of_marks(N_FUZZED, seed=20210608)]
    compare(name, texts, NORMALIZERS[name])


@pytest.mark.parametrize("name", ["nfd", "nfkd"])
def test_every_two_marks_change_places_alike(name: str) -> None:
    rng, pool = random.Random(20210609), marks()
    texts = [
        "a" + "".join(mark for other in rng.choices(pool, k=30) for mark in (first, other, "b"))
        for first in pool
        for _ in range(4)
    ]
    compare(name, texts, NORMALIZERS[name])


def test_tables_are_those_of_the_installed_tokenizers() -> None:
    script = ROOT / "examples" / "cpp" / "tools" / "make_normalization_tables.py"
    result = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
