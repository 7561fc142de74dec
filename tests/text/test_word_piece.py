"""WordPiece gives, id for id, what `transformers` gives, and fairseq numbers its pieces alike."""

import json
from functools import partial
from pathlib import Path

import pytest

from pf_fairseq.errors import InputError
from pf_fairseq.text.inputs import InputLayout
from pf_fairseq.text.tokenizer import load_tokenizer
from pf_fairseq.text.word_piece import WordPiece
from tests.fuzzing import characters, fuzzed_texts
from tests.text.bert_reference import Encode, bert_in_transformers, dictionary_ids
from tests.text.fairseq_reference import Dictionary
from tests.text.glue_layout import dev_texts
from tests.text.small_bpe import SENTENCES, write_files
from tests.text.small_word_piece import PIECES, bert_files

N_FUZZED = 120_000
CONFIGURATIONS: list[dict[str, bool]] = [
    {},
    {"do_lower_case": False},
    {"strip_accents": False},
    {"do_lower_case": False, "strip_accents": True, "tokenize_chinese_chars": False},
]
TRICKY = [
    "",
    " ",
    "  two  spaces and a tab\there \n",
    "[SEP] [CLS][PAD] [MASK] [UNK] <s> </s>",
    "Stra\u00dfe \u0130stanbul \u039f\u03a3 na\u00efve \u212b",
    "\ufeffbom \u00a0nbsp \u200bzwsp \u3000wide\u2028line",
    "\x00\x1c\x1d\x1e\x1f\x7f\x85\r\ufffd",
    "\u65e5\u672c\u8a9e\u306e\u6620\u753b \ud55c\uae00",
    "e\u0301 \U0001f469\u200d\U0001f680 \u0e01\u0e33 \u05e9\u05c1 \u0967\u0968 \u00bd\u216b",
    "a" * 100 + " " + "a" * 101 + " " + "\u00e9" * 100,
    "\U0010ffff\ue000",
]


def in_transformers(files: dict[str, bytes], folder: Path) -> Encode:
    """The reference for these files, without special tokens."""
    return partial(bert_in_transformers(write_files(folder, files)), add_special_tokens=False)


def with_options(files: dict[str, bytes], options: dict[str, bool]) -> dict[str, bytes]:
    return {**files, "tokenizer_config.json": json.dumps(options).encode()}


@pytest.fixture(scope="module")
def real_files(tokenizers_dir: Path) -> dict[str, bytes]:
    return {"vocab.txt": (tokenizers_dir / "bert" / "vocab.txt").read_bytes()}


def assert_agree(tokenizer: WordPiece, encode: Encode, texts: list[str]) -> None:
    actual, expected = tokenizer.encode_batch(texts), encode(texts)
    rows = zip(texts, actual, expected, strict=True)
    different = [row for row in rows if row[1] != row[2]]
    assert not different, f"{len(different)} of {len(texts)} differ: {different[:3]}"


@pytest.mark.parametrize("options", CONFIGURATIONS, ids=str)
def test_small_model_equals_transformers(options: dict[str, bool], tmp_path: Path) -> None:
    files = with_options(bert_files(), options)
    texts = [*SENTENCES, *TRICKY, *fuzzed_texts(2000, seed=0)]
    assert_agree(WordPiece(files), in_transformers(files, tmp_path), texts)


def test_without_options_case_and_accents_go(tmp_path: Path) -> None:
    tokenizer = WordPiece(bert_files())
    assert_agree(tokenizer, in_transformers(bert_files(), tmp_path), [*SENTENCES, *TRICKY])
    first, second = tokenizer.encode_batch(["Das B\u00fcro", "das buro"])
    assert first == second
    assert first != WordPiece(bert_files(cased=True)).encode_batch(["Das B\u00fcro"])[0]


@pytest.mark.parametrize(
    ("pieces", "files", "warned"),
    [
        (["The", "the"], {}, True),
        (["the", "##x"], {}, False),
        (["The"], {"tokenizer_config.json": b"{}"}, False),
    ],
)
def test_a_cased_vocabulary_without_a_config_deserves_a_warning(
    pieces: list[str],
    files: dict[str, bytes],
    warned: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    vocabulary = "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *pieces]).encode()
    WordPiece({"vocab.txt": vocabulary, **files})
    assert ("has pieces with capitals" in caplog.text) == warned


def test_hello_world(real_files: dict[str, bytes]) -> None:
    tokenizer = WordPiece(real_files)
    pieces = real_files["vocab.txt"].decode().split()
    (ids,) = tokenizer.encode_batch(["Hello world!"])
    assert tokenizer.token_id_map is not None
    own_ids = [tokenizer.token_id_map.index(number) for number in ids]
    assert [pieces[own_id] for own_id in own_ids] == ["hello", "world", "!"]
    assert own_ids == [7592, 2088, 999]  # as bert-base-uncased has them
    assert (tokenizer.vocab_size, tokenizer.mask_id) == (30522, 30521)


@pytest.mark.parametrize("options", CONFIGURATIONS[:2], ids=str)
def test_fuzzed_unicode_equals_transformers(
    options: dict[str, bool], real_files: dict[str, bytes], tmp_path: Path
) -> None:
    files = with_options(real_files, options)
    texts = [*TRICKY, *fuzzed_texts(N_FUZZED, seed=20210610)]
    assert_agree(WordPiece(files), in_transformers(files, tmp_path), texts)


@pytest.mark.parametrize("options", CONFIGURATIONS[:2], ids=str)
def test_every_character_equals_transformers(
    options: dict[str, bool], real_files: dict[str, bytes], tmp_path: Path
) -> None:
    files = with_options(real_files, options)
    every = characters()
    texts = [
        "".join(f" {each} a{each}a" for each in every[start : start + 16])
        for start in range(0, len(every), 16)
    ]
    assert_agree(WordPiece(files), in_transformers(files, tmp_path), texts)


@pytest.mark.parametrize("options", CONFIGURATIONS[:2], ids=str)
def test_real_sentences_equal_transformers(
    options: dict[str, bool], real_files: dict[str, bytes], tmp_path: Path, *, glue_dir: Path
) -> None:
    files = with_options(real_files, options)
    texts = dev_texts(glue_dir)
    assert len(texts) > 30_000
    assert_agree(WordPiece(files), in_transformers(files, tmp_path), texts)


def test_ids_are_those_of_fairseqs_dictionary(tmp_path: Path) -> None:
    tokenizer = WordPiece(bert_files())
    assert tokenizer.token_id_map == dictionary_ids(PIECES)
    assert tokenizer.vocab_size == len(PIECES)
    (tmp_path / "dict.txt").write_text(tokenizer.dictionary_text(), encoding="utf-8")
    dictionary = Dictionary.load(str(tmp_path / "dict.txt"))
    dictionary.add_symbol("<mask>")  # as the task sentence_prediction does
    assert len(dictionary) == tokenizer.vocab_size
    places = {"[CLS]": "<s>", "[PAD]": "<pad>", "[SEP]": "</s>", "[UNK]": "<unk>"}
    places["[MASK]"] = "<mask>"
    symbols = [places.get(piece, piece) for piece in PIECES]
    assert [dictionary.index(symbol) for symbol in symbols] == tokenizer.token_id_map
    specials = (tokenizer.bos_id, tokenizer.pad_id, tokenizer.eos_id, tokenizer.unk_id)
    assert specials == (0, 1, 2, 3) and tokenizer.mask_id == len(PIECES) - 1


def test_special_tokens_in_a_text_are_plain_text() -> None:
    tokenizer = WordPiece(bert_files())
    (ids,) = tokenizer.encode_batch(["[CLS][SEP] [PAD] [MASK] film"])
    assert not {0, 1, 2, tokenizer.mask_id} & set(ids)


def test_a_text_may_have_no_token() -> None:
    assert WordPiece(bert_files()).encode_batch([" ", "\u200b", ""]) == [[], [], []]


def test_layout_has_no_separator() -> None:
    tokenizer = WordPiece(bert_files())
    for pair in (False, True):
        assert tokenizer.layout(pair) == InputLayout(init_token=0, eos_token=2)


def test_lone_surrogate_is_refused() -> None:
    with pytest.raises(InputError, match="Text 2 holds a lone surrogate at character 3"):
        WordPiece(bert_files()).encode_batch(["fine", "no\udc80"])


def test_the_files_of_a_folder(tmp_path: Path) -> None:
    for cased in (None, True):
        files = bert_files(cased=cased)
        tokenizer = load_tokenizer("bert", write_files(tmp_path / str(cased), files))
        assert (tokenizer.kind, tokenizer.files) == ("bert", files)
        expected = WordPiece(files).encode_batch(SENTENCES)
        assert tokenizer.encode_batch(SENTENCES) == expected
