"""The C++ SentencePiece against the Python one, which equals `transformers`, id for id.

Needs the program `tokenize`, built with the library sentencepiece, and for one half of the tests
ALBERT's model (`PF_TOKENIZERS_DIR`).
"""

import json
import subprocess
from pathlib import Path

import pytest

from pf_fairseq.text.sentence_piece import SentencePiece
from tests.cpp.programs import assert_agree, built, run_program
from tests.fuzzing import characters, fuzzed_texts
from tests.text.glue_layout import dev_texts
from tests.text.small_bpe import write_files
from tests.text.small_sentence_piece import ALBERT, MODEL, PLAIN, SENTENCES, train

N_FUZZED = 120_000
CONFIGURATIONS: list[dict[str, bool]] = [
    {},
    {"do_lower_case": False},
    {"keep_accents": True},
    {"remove_space": False},
]
MODELS: dict[str, dict[str, object]] = {
    "albert": ALBERT,
    "plain": PLAIN,
    "pieces over spaces": {**ALBERT, "split_by_whitespace": False},
    "space behind": {**ALBERT, "treat_whitespace_as_suffix": True},
    "no normalization": {**ALBERT, "normalization_rule_name": "identity"},
    "no first space": {**ALBERT, "add_dummy_prefix": False},
    "all spaces": {**ALBERT, "remove_extra_whitespaces": False},
    "user symbols": {
        **ALBERT,
        "control_symbols": ["[CLS]"],
        "user_defined_symbols": ["[MASK]", "[SEP]", "film", "popc", "<mask>"],
    },
}
TRICKY = [
    *("", " ", "\u2581", "\u2581\u2581a\u2581 b", "``'' ``` '''", "9, 1999, 9,000"),
    *("\x00\x0b\x1c\x85", "a" * 5000, "\u65e5" * 3000, "the " * 5000),
    "[CLS] [SEP] [MASK] [PAD] [UNK] <s> <pad> </s> <unk> <mask>",
]


@pytest.fixture(scope="module")
def program() -> Path:
    """The program, which says at once whether it has the library."""
    path = built("tokenize")
    command = [path, "sentencepiece", "/dev/null"]
    output = subprocess.run(command, capture_output=True, text=True, check=False)
    if "this build lacks" in output.stderr:
        pytest.skip(f"{path} is built without the library sentencepiece: nothing to compare with")
    return path


@pytest.fixture(scope="module")
def albert(tokenizers_dir: Path) -> bytes:
    """ALBERT's model."""
    return (tokenizers_dir / "albert" / "spiece.model").read_bytes()


def compare(program: Path, files: dict[str, bytes], folder: Path, texts: list[str]) -> None:
    """Compare the dictionary's ids of all texts."""
    write_files(folder, files)
    tokenizer = SentencePiece(files)
    ids = tokenizer.token_id_map
    assert ids is not None
    command = [program, "sentencepiece", *(folder / name for name in files)]
    assert_agree(
        lambda batch: [[ids[own_id] for own_id in row] for row in run_program(command, batch)],
        tokenizer.encode_batch,
        texts,
    )


def with_options(model: bytes, options: dict[str, bool]) -> dict[str, bytes]:
    """Give both files."""
    return {"any name.model": model, "tokenizer_config.json": json.dumps(options).encode()}


@pytest.mark.parametrize("options", CONFIGURATIONS, ids=str)
def test_fuzzed_unicode(
    options: dict[str, bool], program: Path, albert: bytes, tmp_path: Path
) -> None:
    texts = [*TRICKY, *fuzzed_texts(N_FUZZED, seed=20210613)]
    compare(program, with_options(albert, options), tmp_path, texts)


def test_every_character(program: Path, albert: bytes, tmp_path: Path) -> None:
    every = characters()
    texts = [
        "".join(f"a{c}1{c} {c}b" for c in every[start : start + 16])
        for start in range(0, len(every), 16)
    ]
    compare(program, {"spiece.model": albert}, tmp_path, texts)


def test_real_sentences(program: Path, albert: bytes, tmp_path: Path, *, glue_dir: Path) -> None:
    texts = dev_texts(glue_dir)
    assert len(texts) > 30_000
    compare(program, {"spiece.model": albert}, tmp_path, texts)


@pytest.mark.parametrize("name", MODELS)
def test_small_models(name: str, program: Path, tmp_path: Path) -> None:
    texts = [*SENTENCES, *TRICKY, *fuzzed_texts(5000, seed=1)]
    compare(program, {"a.model": train(**MODELS[name])}, tmp_path, texts)


@pytest.mark.parametrize("options", CONFIGURATIONS, ids=str)
def test_options_of_a_small_model(options: dict[str, bool], program: Path, tmp_path: Path) -> None:
    texts = [*SENTENCES, *TRICKY, *fuzzed_texts(5000, seed=2)]
    compare(program, with_options(MODEL, options), tmp_path, texts)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "but cannot be read as one"),
        (b"hello, world\n", "but cannot be read as one"),
        (MODEL[: len(MODEL) // 2], "but cannot be read as one"),
        (train(**ALBERT, model_type="bpe"), "of type unigram"),
        (train(**ALBERT, byte_fallback=True, vocab_size=400), "without byte pieces"),
    ],
    ids=["empty", "text", "truncated", "bpe", "bytes"],
)
def test_other_models_are_refused(
    content: bytes, problem: str, *, program: Path, tmp_path: Path
) -> None:
    write_files(tmp_path, {"a.model": content})
    command = [program, "sentencepiece", tmp_path / "a.model"]
    output = subprocess.run(command, capture_output=True, text=True, check=False)
    sentence = f"The tokenizer's a.model must be a sentencepiece model {problem}."
    assert (output.returncode, output.stderr) == (2, f"tokenize: {sentence}\n")
