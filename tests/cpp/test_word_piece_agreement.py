"""The C++ WordPiece against the Python one, which equals `transformers`, id for id.

Needs the program `tokenize`, BERT's `vocab.txt` (`PF_TOKENIZERS_DIR`) and MPNet's (`PF_MPNET_DIR`).
"""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from pf_fairseq.text.word_piece import WordPiece
from tests.cpp.programs import ROOT, assert_agree, built, run_program
from tests.fuzzing import characters, fuzzed_texts
from tests.text.glue_layout import dev_texts
from tests.text.small_bpe import write_files
from tests.text.small_word_piece import bert_files, mpnet_files
from tests.text.test_word_piece import TRICKY

N_FUZZED = 120_000
UNCASED: dict[str, bool] = {}
CASED = {"do_lower_case": False}
CONFIGURATIONS = [
    UNCASED,
    CASED,
    {"strip_accents": False},
    {"do_lower_case": False, "strip_accents": True},
    {"tokenize_chinese_chars": False},
]


@pytest.fixture(scope="module")
def vocabulary(tokenizers_dir: Path) -> bytes:
    """BERT's pieces."""
    return (tokenizers_dir / "bert" / "vocab.txt").read_bytes()


def compare(files: dict[str, bytes], folder: Path, texts: list[str]) -> None:
    """Compare the dictionary's ids of all texts."""
    write_files(folder, files)
    tokenizer = WordPiece(files)
    ids = tokenizer.token_id_map or range(tokenizer.vocab_size)
    pieces = json.dumps(tokenizer.special_pieces._asdict())
    paths = [folder / name for name in files]
    command = [built("tokenize"), "bert", "--special-pieces", pieces, *paths]
    assert_agree(
        lambda batch: [[ids[own_id] for own_id in row] for row in run_program(command, batch)],
        tokenizer.encode_batch,
        texts,
    )


def with_options(vocabulary: bytes, options: dict[str, bool]) -> dict[str, bytes]:
    """Give both files."""
    return {"vocab.txt": vocabulary, "tokenizer_config.json": json.dumps(options).encode()}


@pytest.mark.parametrize("options", CONFIGURATIONS, ids=str)
def test_fuzzed_unicode(options: dict[str, bool], vocabulary: bytes, tmp_path: Path) -> None:
    texts = fuzzed_texts(N_FUZZED, seed=20210611)
    compare(with_options(vocabulary, options), tmp_path, texts)


@pytest.mark.parametrize("options", CONFIGURATIONS, ids=str)
def test_texts_of_many_blocks(
    options: dict[str, bool], vocabulary: bytes, tmp_path: Path
) -> None:  # C++ normalizes a few thousand bytes at a time
    parts = fuzzed_texts(20_000, seed=20210614)
    texts = ["".join(parts[start : start + 1000]) for start in range(0, len(parts), 1000)]
    compare(with_options(vocabulary, options), tmp_path, texts)


@pytest.mark.parametrize("options", CONFIGURATIONS, ids=str)
def test_every_character(options: dict[str, bool], vocabulary: bytes, tmp_path: Path) -> None:
    every = characters()
    texts = [
        "".join(f"{each} a{each}b " for each in every[start : start + 16])
        for start in range(0, len(every), 16)
    ]
    compare(with_options(vocabulary, options), tmp_path, texts)


@pytest.mark.parametrize("options", CONFIGURATIONS[:2], ids=str)
def test_real_sentences(
    options: dict[str, bool], vocabulary: bytes, tmp_path: Path, *, glue_dir: Path
) -> None:
    texts = dev_texts(glue_dir)
    assert len(texts) > 30_000
    compare(with_options(vocabulary, options), tmp_path, texts)


def words_of_pieces(pieces: list[str], n_texts: int, seed: int) -> list[str]:
    """Return words made of pieces, some of them near the longest that is known."""
    rng = random.Random(seed)
    texts = []
    for _ in range(n_texts):
        word = "".join(piece.removeprefix("##") for piece in rng.choices(pieces, k=30))
        length = rng.choice([rng.randint(1, 20), rng.randint(97, 104)])
        texts.append(f"{word[:length]} {word[-length:]}")
    return texts


@pytest.mark.parametrize("cased", [None, True])
def test_words_made_of_pieces(cased: bool | None, vocabulary: bytes, tmp_path: Path) -> None:
    small = bert_files(cased=cased)
    for name, content in {"small": small["vocab.txt"], "real": vocabulary}.items():
        files = {**small, "vocab.txt": content}
        texts = words_of_pieces(content.decode().split(), 20_000, seed=20210612)
        compare(files, tmp_path / name, texts)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends(line_end: str, last: bool, tmp_path: Path) -> None:
    pieces = bert_files()["vocab.txt"].decode().split()
    content = line_end.join(pieces) + (line_end if last else "")
    compare({"vocab.txt": content.encode()}, tmp_path, fuzzed_texts(1000, seed=2))


def test_without_continuing_pieces(tmp_path: Path) -> None:
    pieces = [each for each in bert_files()["vocab.txt"].decode().split() if each[:2] != "##"]
    files = {"vocab.txt": "\n".join(pieces).encode()}
    compare(files, tmp_path, [*fuzzed_texts(1000, seed=3), "ab", "a b", "##a"])


@pytest.fixture(scope="module")
def mpnets(mpnet_dir: Path) -> dict[str, bytes]:
    """The published files of MPNet."""
    return {name: (mpnet_dir / name).read_bytes() for name in mpnet_files()}


def spelled_specials(pieces: list[str], n_texts: int, seed: int) -> list[str]:
    """Return texts in which special tokens of both kinds are spelled, whole and in parts."""
    rng = random.Random(seed)
    names = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "[UNK]", "[CLS]", "[SEP]", "<", ">", "##"]
    parts = [*names, " ", "\U0001f600", *rng.choices(pieces, k=50)]
    return ["".join(rng.choices(parts, k=rng.randint(1, 12))) for _ in range(n_texts)]


def texts_for(files: dict[str, bytes], n_fuzzed: int) -> list[str]:
    pieces = files["vocab.txt"].decode().split()
    words = words_of_pieces(pieces, n_fuzzed // 4, seed=20210615)
    specials = spelled_specials(pieces, n_fuzzed // 4, seed=20210616)
    return [*TRICKY, *words, *specials, *fuzzed_texts(n_fuzzed, seed=20210617)]


def test_small_vocabulary_of_mpnet(tmp_path: Path) -> None:
    files = mpnet_files()
    compare(files, tmp_path, texts_for(files, 20_000))


def test_mpnets_vocabulary(mpnets: dict[str, bytes], tmp_path: Path) -> None:
    compare(mpnets, tmp_path, texts_for(mpnets, N_FUZZED))


def test_real_sentences_by_mpnet(
    mpnets: dict[str, bytes], tmp_path: Path, *, glue_dir: Path
) -> None:
    compare(mpnets, tmp_path, dev_texts(glue_dir))


def test_other_names_than_the_kinds_own_have_to_be_told(tmp_path: Path) -> None:
    pieces = ["<s>", "<pad>", "</s>", "[UNK]", "a", "##b", "<mask>"]
    tokenizer = WordPiece({"vocab.txt": "\n".join(pieces).encode()})
    write_files(tmp_path, tokenizer.files)

    def run(*flags: str) -> subprocess.CompletedProcess[str]:
        command = [str(built("tokenize")), "bert", *flags, str(tmp_path / "vocab.txt")]
        return subprocess.run(
            command, input='"ab c"\n', capture_output=True, text=True, check=False
        )

    assert "must hold the special piece [CLS], but lacks it" in run().stderr
    told = run("--special-pieces", json.dumps(tokenizer.special_pieces._asdict()))
    assert (told.returncode, told.stdout) == (0, "4 5 3\n"), told.stderr
    none = run("--special-pieces", '{"bos": "<s>"}')
    assert none.returncode == 2 and "must have an unknown piece" in none.stderr


def test_table_is_that_of_the_installed_tokenizers() -> None:
    script = ROOT / "examples" / "cpp" / "tools" / "make_bert_tables.py"
    result = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
