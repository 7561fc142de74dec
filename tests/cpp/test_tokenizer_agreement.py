"""The C++ byte-level BPE against Hugging Face `tokenizers`, id for id.

Needs GPT-2's files (`PF_TOKENIZERS_DIR`) and the program `tokenize`.
"""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel

from tests.cpp.programs import ROOT, Encode, assert_agree, built, run_program
from tests.fuzzing import characters, fuzzed_texts

N_FUZZED = 120_000


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
def encode(vocabulary: tuple[Path, Path]) -> Encode:
    """The ids that the C++ library gives."""
    command = [built("tokenize"), "roberta", *vocabulary]
    return lambda texts: run_program(command, texts)


def test_fuzzed_unicode(encode: Encode, reference: Encode) -> None:
    texts = fuzzed_texts(N_FUZZED, seed=20210606)
    assert len(set(texts)) > 0.9 * N_FUZZED
    assert_agree(encode, reference, texts)


def test_every_code_point_beside_every_class(encode: Encode, reference: Encode) -> None:
    every = characters()
    texts = [
        "".join(f"a{c}1{c} {c}b" for c in every[start : start + 16])
        for start in range(0, len(every), 16)
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
    vocabulary: tuple[Path, Path], reference: Encode, tmp_path: Path
) -> None:
    files = [tmp_path / "vocab.json", tmp_path / "merges.txt"]
    for source, copy in zip(vocabulary, files, strict=True):
        shutil.copy(source, copy)
    texts = fuzzed_texts(1000, seed=1)
    assert run_program([built("tokenize"), "roberta", *files], texts) == reference(texts)


def test_unicode_table_is_that_of_the_installed_tokenizers() -> None:
    script = ROOT / "examples" / "cpp" / "tools" / "make_unicode_tables.py"
    result = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
