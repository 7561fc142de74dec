"""The C++ byte-level BPE against Hugging Face `tokenizers`, id for id.

Needs GPT-2's files (`PF_TOKENIZERS_DIR`) and the program `tokenize`, built by `make cpp` or found
in the build folder that `PF_CPP_BUILD_DIR` names.
"""

import csv
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel

ROOT = Path(__file__).resolve().parents[2]
N_FUZZED = 120_000
SURROGATES = range(0xD800, 0xE000)

Encode = Callable[[Sequence[str]], list[list[int]]]


@pytest.fixture(scope="module")
def program() -> Path:
    """Path of the C++ program that prints token ids."""
    folder = Path(os.environ.get("PF_CPP_BUILD_DIR", ROOT / "build" / "cpp"))
    path = folder / "tokenize"
    if not path.is_file():
        pytest.skip(f"{path} is not built (make cpp): nothing to compare with")
    return path


@pytest.fixture(scope="module")
def vocabulary(tokenizers_dir: Path) -> tuple[Path, Path]:
    """GPT-2's vocabulary and merges."""
    folder = tokenizers_dir / "roberta"
    return folder / "encoder.json", folder / "vocab.bpe"


@pytest.fixture(scope="module")
def reference(vocabulary: tuple[Path, Path]) -> Encode:
    """The ids that `tokenizers` gives."""
    engine = Tokenizer(BPE.from_file(*map(str, vocabulary)))
    engine.pre_tokenizer = ByteLevel(add_prefix_space=False)
    return lambda texts: [encoding.ids for encoding in engine.encode_batch(list(texts))]


@pytest.fixture(scope="module")
def encode(program: Path, vocabulary: tuple[Path, Path]) -> Encode:
    """The ids that the C++ library gives."""
    return lambda texts: run_program(program, vocabulary, texts)


def run_program(program: Path, files: Sequence[Path], texts: Sequence[str]) -> list[list[int]]:
    """Send each text as one JSON string a line; read back one line of ids for each."""
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    command = [str(program), "roberta", *map(str, files)]
    output = subprocess.run(command, input=lines, capture_output=True, text=True, check=False)
    assert output.returncode == 0, output.stderr
    return [[int(token) for token in line.split()] for line in output.stdout.splitlines()]


def assert_agree(encode: Encode, reference: Encode, texts: Sequence[str]) -> None:
    """Compare all texts; the first few that differ are shown."""
    actual, expected = encode(texts), reference(texts)
    assert len(actual) == len(texts)
    different = [
        (text, ours, theirs)
        for text, ours, theirs in zip(texts, actual, expected, strict=True)
        if ours != theirs
    ]
    assert not different, f"{len(different)} of {len(texts)} differ: {different[:3]}"


# What real text is made of, and where a tokenizer goes wrong; code points from .. to.
ALPHABETS = {
    "ascii": [(0x20, 0x7E)],
    "letters": [(0x61, 0x7A)],
    "digits and punctuation": [(0x21, 0x40)],
    "latin": [(0xA1, 0x24F), (0x1E00, 0x1EFF)],
    "greek and cyrillic": [(0x370, 0x52F)],
    "hebrew and arabic": [(0x590, 0x6FF)],
    "indic and thai": [(0x900, 0xDFF), (0xE00, 0xE7F)],
    "cjk, kana, hangul": [(0x3000, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3)],
    "combining marks": [(0x300, 0x36F), (0x1AB0, 0x1AFF), (0x20D0, 0x20F0)],
    "white space": [(0x9, 0xD), (0x20, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x2000, 0x200F)],
    "other spaces": [(0x1680, 0x1680), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x2064)],
    "numbers": [(0x660, 0x669), (0xB2, 0xB3), (0xBC, 0xBE), (0x2150, 0x218B), (0x3021, 0x3029)],
    "symbols": [(0x2010, 0x2BFF)],
    "emoji": [(0x1F300, 0x1FAFF), (0x200D, 0x200D), (0xFE0F, 0xFE0F), (0x1F1E6, 0x1F1FF)],
    "controls": [(0x0, 0x1F), (0x7F, 0x9F), (0xFFF0, 0xFFFF), (0xE0001, 0xE007F)],
    "astral": [(0x10000, 0x1FFFF), (0x20000, 0x2A6DF), (0xF0000, 0xF0FFF), (0x10FF00, 0x10FFFF)],
    "anything": [(0x0, 0xD7FF), (0xE000, 0x10FFFF)],
}
FRAGMENTS = (
    *("'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'LL", "\u2019s", "''", "'"),
    *(" ", "  ", "\t", "\n", "\r\n", "\u00a0", " \u3000", "   ", "\n\n "),
    *("the", " film", " isn't", "Hello world!", "e\u0301", "\U0001f468\u200d\U0001f469", "<s>"),
)


def fuzzed_texts(n_texts: int, seed: int) -> list[str]:
    """Return texts of up to 24 parts: characters of a few alphabets, and fragments between them."""
    rng = random.Random(seed)
    return [fuzzed_text(rng) for _ in range(n_texts)]


def fuzzed_text(rng: random.Random) -> str:
    alphabets = rng.choices(list(ALPHABETS.values()), k=rng.randint(1, 3))
    parts = []
    for _ in range(rng.randint(0, 24)):
        if rng.random() < 0.25:
            parts.append(rng.choice(FRAGMENTS))
        else:
            first, last = rng.choice(rng.choice(alphabets))
            parts.append(chr(rng.randint(first, last)))
    return "".join(parts)


def test_fuzzed_unicode(encode: Encode, reference: Encode) -> None:
    texts = fuzzed_texts(N_FUZZED, seed=20210606)
    assert len(set(texts)) > 0.9 * N_FUZZED
    assert_agree(encode, reference, texts)


def test_every_code_point_beside_every_class(encode: Encode, reference: Encode) -> None:
    codes = [code for code in range(sys.maxunicode + 1) if code not in SURROGATES]
    texts = [
        "".join(f"a{c}1{c} {c}b" for c in map(chr, codes[start : start + 16]))
        for start in range(0, len(codes), 16)
    ]
    assert_agree(encode, reference, texts)


def test_all_of_sst2(encode: Encode, reference: Encode, glue_dir: Path) -> None:
    texts: list[str] = []
    for split in ("train", "dev", "test"):
        with (glue_dir / "SST-2" / f"{split}.tsv").open(encoding="utf-8", newline="\n") as file:
            rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            texts.extend(row["sentence"] for row in rows)
    assert len(texts) > 70_000
    assert_agree(encode, reference, texts)


def test_hugging_face_file_names(
    program: Path, vocabulary: tuple[Path, Path], reference: Encode, tmp_path: Path
) -> None:
    files = [tmp_path / "vocab.json", tmp_path / "merges.txt"]
    for source, copy in zip(vocabulary, files, strict=True):
        shutil.copy(source, copy)
    texts = fuzzed_texts(1000, seed=1)
    assert run_program(program, files, texts) == reference(texts)


def test_unicode_table_is_that_of_the_installed_tokenizers() -> None:
    script = ROOT / "examples" / "cpp" / "tools" / "make_unicode_tables.py"
    result = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
