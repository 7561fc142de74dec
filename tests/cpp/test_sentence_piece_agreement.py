"""The C++ SentencePiece against the Python one, which equals `transformers`, id for id.

Python has the library sentencepiece normalize text; C++ does without it. Needs the program
`tokenize`, and for one half of the tests ALBERT's model (`PF_TOKENIZERS_DIR`).
"""

import json
import subprocess
from pathlib import Path

import pytest
from sentencepiece import SentencePieceProcessor

from pf_fairseq.errors import InputError
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
KEPT = {"do_lower_case": False, "keep_accents": True, "remove_space": False}
MODELS: dict[str, dict[str, object]] = {
    "albert": ALBERT,
    "plain": PLAIN,
    "pieces over spaces": {**ALBERT, "split_by_whitespace": False},
    "space behind": {**ALBERT, "treat_whitespace_as_suffix": True},
    **{
        rule: {**ALBERT, "normalization_rule_name": rule}
        for rule in ("identity", "nfkc", "nfkc_cf", "nmt_nfkc_cf")
    },
    "no first space": {**ALBERT, "add_dummy_prefix": False},
    "all spaces": {**ALBERT, "remove_extra_whitespaces": False},
    "all spaces behind": {
        **ALBERT,
        "remove_extra_whitespaces": False,
        "treat_whitespace_as_suffix": True,
    },
    "user symbols": {
        **ALBERT,
        "control_symbols": ["[CLS]"],
        "user_defined_symbols": ["[MASK]", "[SEP]", "film", "popc", "<mask>"],
    },
    "user symbols that the character map changes": {
        **ALBERT,
        "user_defined_symbols": ["\u212b", "\u00bd", "\u00bd\u216b", "\u2026", "e\u0301"],
    },
}
TRICKY = [
    *("", " ", "\u2581", "\u2581\u2581a\u2581 b", "``'' ``` '''", "9, 1999, 9,000"),
    *("\x00\x0b\x1c\x85", "a\u2581", "a" * 5000, "\u65e5" * 3000, "the " * 5000),
    "[CLS] [SEP] [MASK] [PAD] [UNK] <s> <pad> </s> <unk> <mask>",
]


@pytest.fixture(scope="module")
def program() -> Path:
    """The program."""
    return built("tokenize")


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


def every_character() -> list[str]:
    """Give texts in which each character follows others and is followed by others."""
    every = characters()
    return [
        "".join(f"a{c}1{c} {c}b" for c in every[start : start + 16])
        for start in range(0, len(every), 16)
    ]


def with_options(model: bytes, options: dict[str, bool]) -> dict[str, bytes]:
    """Give both files."""
    return {"any name.model": model, "tokenizer_config.json": json.dumps(options).encode()}


@pytest.mark.parametrize("options", CONFIGURATIONS, ids=str)
def test_fuzzed_unicode(
    options: dict[str, bool], program: Path, albert: bytes, tmp_path: Path
) -> None:
    texts = [*TRICKY, *fuzzed_texts(N_FUZZED, seed=20210613)]
    compare(program, with_options(albert, options), tmp_path, texts)


@pytest.mark.parametrize("options", [{}, KEPT], ids=str)
def test_every_character(
    options: dict[str, bool], program: Path, albert: bytes, tmp_path: Path
) -> None:
    compare(program, with_options(albert, options), tmp_path, every_character())


def test_real_sentences(program: Path, albert: bytes, tmp_path: Path, *, glue_dir: Path) -> None:
    texts = dev_texts(glue_dir)
    assert len(texts) > 30_000
    compare(program, {"spiece.model": albert}, tmp_path, texts)


# Lower case and marks kept, so that the model's own normalization has something left to do.
@pytest.mark.parametrize("options", [{}, KEPT], ids=str)
@pytest.mark.parametrize("name", MODELS)
def test_small_models(
    name: str, options: dict[str, bool], *, program: Path, tmp_path: Path
) -> None:
    texts = [*SENTENCES, *TRICKY, *fuzzed_texts(5000, seed=1)]
    compare(program, with_options(train(**MODELS[name]), options), tmp_path, texts)


@pytest.mark.parametrize("name", ["albert", "identity", "nfkc", "nmt_nfkc_cf"])
def test_every_character_of_small_models(name: str, program: Path, tmp_path: Path) -> None:
    compare(program, with_options(train(**MODELS[name]), KEPT), tmp_path, every_character())


def test_spaces_that_the_model_leaves_as_they_are(program: Path, tmp_path: Path) -> None:
    texts = [*SENTENCES, *TRICKY, *fuzzed_texts(5000, seed=3)]
    escape_whitespaces = b"\x1a\x02\x28\x00"  # normalizer_spec (3), its field 5, false
    for options in (ALBERT, {**ALBERT, "remove_extra_whitespaces": False}):
        model = train(**options) + escape_whitespaces
        assert "\u2581" not in SentencePieceProcessor(model_proto=model).normalize("a b")
        compare(program, with_options(model, KEPT), tmp_path, texts)


@pytest.mark.parametrize("options", CONFIGURATIONS, ids=str)
def test_options_of_a_small_model(options: dict[str, bool], program: Path, tmp_path: Path) -> None:
    texts = [*SENTENCES, *TRICKY, *fuzzed_texts(5000, seed=2)]
    compare(program, with_options(MODEL, options), tmp_path, texts)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello, world\n",
        MODEL[: len(MODEL) // 2],
        b"PK\x03\x04" + bytes(99),
        train(**ALBERT, model_type="bpe"),
        train(**ALBERT, model_type="word"),
        train(**ALBERT, model_type="char"),
        train(**ALBERT, byte_fallback=True, vocab_size=400),
    ],
    ids=["empty", "text", "truncated", "zip", "bpe", "word", "char", "bytes"],
)
def test_other_models_are_refused_in_the_same_words(
    content: bytes, *, program: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as refusal:
        SentencePiece({"a.model": content})
    write_files(tmp_path, {"a.model": content})
    command = [program, "sentencepiece", tmp_path / "a.model"]
    output = subprocess.run(command, capture_output=True, text=True, check=False)
    sentence = str(refusal.value).replace("`a.model`", "The tokenizer's a.model")
    assert (output.returncode, output.stderr) == (2, f"tokenize: {sentence}\n")
