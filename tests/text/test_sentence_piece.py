"""SentencePiece gives, id for id, what `transformers` gives a published ALBERT."""

import json
from functools import partial
from pathlib import Path

import pytest

from pf_fairseq.errors import InputError
from pf_fairseq.text.inputs import InputLayout
from pf_fairseq.text.sentence_piece import SentencePiece
from pf_fairseq.text.tokenizer import tokenizer_from_files
from tests.fuzzing import characters, fuzzed_texts
from tests.text.albert_reference import (
    Encode,
    albert_in_transformers,
    bare_model_in_transformers,
    classical_albert,
    dictionary_ids,
    mapped_by_the_library,
    pieces_of,
)
from tests.text.fairseq_reference import Dictionary
from tests.text.glue_layout import dev_texts
from tests.text.small_sentence_piece import (
    ALBERT,
    MODEL,
    PLAIN,
    SENTENCES,
    albert_files,
    train,
)

N_FUZZED = 120_000
CONFIGURATIONS: list[dict[str, bool]] = [
    {},
    {"do_lower_case": False},
    {"keep_accents": True},
    {"do_lower_case": False, "keep_accents": True},
]
TRICKY = [
    "",
    " ",
    "  two  spaces and a tab\there \n",
    "``quoted'' '''thrice''' ``` 9,000 9, 1999,",
    "Stra\u00dfe \u0130stanbul \u039f\u03a3 na\u00efve \u212b",
    "\ufeffbom \u00a0nbsp \u200bzwsp \u3000wide\u2028line",
    "\x00\x0b\x1c\x1d\x1e\x1f\x7f\x85\r\ufffd",
    "\u2581low \u2581\u2581 line\u2581",
    "e\u0301 \U0001f469\u200d\U0001f680 \u0e01\u0e33 \u05e9\u05c1 \u0967\u0968 \u00bd\u216b",
    "\u65e5\u672c\u8a9e \ud55c\uae00 (a-b) 3.5",
    "\U0010ffff\ue000" + "a" * 3000,
]
SPECIAL_TEXT = "[CLS] a [SEP] [MASK] <s> <pad> </s> <unk> <mask> [cls][sep][mask]"


@pytest.fixture(scope="module")
def real_model(tokenizers_dir: Path) -> bytes:
    return (tokenizers_dir / "albert" / "spiece.model").read_bytes()


def with_options(model: bytes, options: dict[str, bool]) -> dict[str, bytes]:
    return {"a.model": model, "tokenizer_config.json": json.dumps(options).encode()}


def in_transformers(model: bytes, options: dict[str, bool] | None = None) -> Encode:
    options = options or {}
    if options.get("keep_accents"):
        lower = options.get("do_lower_case", True)
        return partial(mapped_by_the_library(model, do_lower_case=lower), add_special_tokens=False)
    return partial(albert_in_transformers(model, **options), add_special_tokens=False)


def assert_agree(tokenizer: SentencePiece, encode: Encode, texts: list[str]) -> None:
    actual, expected = tokenizer.encode_batch(texts), encode(texts)
    rows = zip(texts, actual, expected, strict=True)
    different = [row for row in rows if row[1] != row[2]]
    assert not different, f"{len(different)} of {len(texts)} differ: {different[:3]}"


@pytest.mark.parametrize("options", CONFIGURATIONS, ids=str)
def test_small_model_equals_transformers(options: dict[str, bool]) -> None:
    texts = [*SENTENCES, *TRICKY, *fuzzed_texts(2000, seed=0)]
    tokenizer = SentencePiece(with_options(MODEL, options))
    assert_agree(tokenizer, in_transformers(MODEL, options), texts)


def test_hello_world(real_model: bytes) -> None:
    tokenizer = SentencePiece({"spiece.model": real_model})
    pieces = pieces_of(real_model)
    (ids,) = tokenizer.encode_batch(["Hello world!"])
    assert tokenizer.token_id_map == dictionary_ids(pieces)
    assert [pieces[tokenizer.token_id_map.index(number)] for number in ids] == [
        "\u2581hello",
        "\u2581world",
        "!",
    ]
    assert (tokenizer.vocab_size, tokenizer.mask_id) == (30000, 29999)


@pytest.mark.parametrize("options", CONFIGURATIONS, ids=str)
def test_fuzzed_unicode_equals_transformers(options: dict[str, bool], real_model: bytes) -> None:
    texts = [*TRICKY, *fuzzed_texts(N_FUZZED, seed=20210612)]
    tokenizer = SentencePiece(with_options(real_model, options))
    assert_agree(tokenizer, in_transformers(real_model, options), texts)


def test_every_character_equals_transformers(real_model: bytes) -> None:
    every = characters()
    texts = [
        "".join(f" {each} a{each}a" for each in every[start : start + 16])
        for start in range(0, len(every), 16)
    ]
    assert_agree(SentencePiece({"a.model": real_model}), in_transformers(real_model), texts)


def test_real_sentences_equal_both_references(real_model: bytes, glue_dir: Path) -> None:
    texts = dev_texts(glue_dir)
    assert len(texts) > 30_000
    tokenizer = SentencePiece({"a.model": real_model})
    assert_agree(tokenizer, in_transformers(real_model), texts)
    classical = classical_albert(real_model)
    assert_agree(tokenizer, lambda batch: [classical(text) for text in batch], texts)


# What sets the classical tokenizer apart, a text for each class of difference.
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("'srsrthei isn'tdrvnci  q in  'LLl", id="equal scores in single precision"),
        pytest.param("a\x0bb", id="U+000B is white space to Python and dropped by the model"),
        pytest.param("a\x1cb", id="so are U+001C to U+001F"),
        pytest.param("a \ufe0f b", id="marks of combining class 0 are accents to transformers"),
    ],
)
def test_where_the_classical_tokenizer_differs(text: str, real_model: bytes) -> None:
    (ids,) = SentencePiece({"a.model": real_model}).encode_batch([text])
    assert [ids] == in_transformers(real_model)([text])
    assert ids != classical_albert(real_model)(text)


def test_transformers_loses_marks_that_it_should_keep(real_model: bytes) -> None:
    tokenizer = SentencePiece(with_options(real_model, {"keep_accents": True}))
    transformers = partial(
        albert_in_transformers(real_model, keep_accents=True), add_special_tokens=False
    )
    assert_agree(tokenizer, transformers, ["caf\u00e9", "na\u00efve"])
    text = "\u00bd\u20d1 a"
    assert tokenizer.encode_batch([text]) == in_transformers(real_model, {"keep_accents": True})(
        [text]
    )
    assert tokenizer.encode_batch([text]) != transformers([text])


def test_transformers_cuts_otherwise_from_a_bare_model(real_model: bytes) -> None:
    # Of a folder without tokenizer.json transformers 5 makes another tokenizer: each of the user
    # symbols ( ) " - . and so on cuts the raw text, what follows starts a word, and `9,` is taken.
    tokenizer = SentencePiece({"a.model": real_model})
    bare = partial(bare_model_in_transformers(real_model), add_special_tokens=False)
    texts = ["a fine film", "it's 9,000 ; isn't it ?", "na\u00efve ``'' \u65e5\u672c"]
    assert_agree(tokenizer, bare, texts)
    for text, same in [("(hello) a-b", "a - b"), ("a 9, b", "a 9 , b")]:
        assert tokenizer.encode_batch([text]) != bare([text]), same


def test_a_space_before_a_full_stop_is_google_s(real_model: bytes) -> None:
    # The commonest difference: tokenized corpora write ` .`, and a symbol found in the raw text
    # swallows the space before it. Google's own code and the published tokenizer.json keep it.
    tokenizer = SentencePiece({"a.model": real_model})
    bare = partial(bare_model_in_transformers(real_model), add_special_tokens=False)
    text = "a charming and often affecting journey ."
    (found,) = tokenizer.encode_batch([text])
    assert found == classical_albert(real_model)(text) == in_transformers(real_model)([text])[0]
    (other,) = bare([text])
    assert tokenizer.token_id_map is not None
    space = tokenizer.token_id_map[pieces_of(real_model).index("\u2581")]
    assert other == [*found[:-2], found[-1]] and found[-2] == space


def test_text_never_gives_a_special_token(real_model: bytes) -> None:
    assert_no_special(real_model)
    # where transformers reads these two as special tokens, also with split_special_tokens
    assert in_transformers(real_model)(["<pad><unk>"])[0][-2:] == [1, 3]


def test_text_never_gives_a_special_token_of_a_small_model() -> None:
    symbols = ["[MASK]", "[SEP]", "[CLS]", "<mask>", "</s>"]
    options = {**ALBERT, "user_defined_symbols": symbols, "control_symbols": []}
    for model in (MODEL, train(**PLAIN), train(**options)):
        assert_no_special(model)


def assert_no_special(model: bytes) -> None:
    for options in CONFIGURATIONS:
        tokenizer = SentencePiece(with_options(model, options))
        (ids,) = tokenizer.encode_batch([SPECIAL_TEXT])
        # its brackets may be unknown to a small model
        specials = {tokenizer.bos_id, tokenizer.pad_id, tokenizer.eos_id, tokenizer.mask_id}
        assert ids and not specials & set(ids)


@pytest.mark.parametrize("model", [MODEL, train(**PLAIN)], ids=["albert", "plain"])
def test_fairseq_numbers_the_pieces_alike(model: bytes, tmp_path: Path) -> None:
    tokenizer = SentencePiece({"a.model": model})
    (tmp_path / "dict.txt").write_text(tokenizer.dictionary_text(), encoding="utf-8")
    dictionary = Dictionary.load(str(tmp_path / "dict.txt"))
    dictionary.add_symbol("<mask>")  # as the task sentence_prediction does
    assert len(dictionary) == tokenizer.vocab_size
    assert dictionary.index("<mask>") == tokenizer.mask_id == tokenizer.vocab_size - 1
    names = {"[CLS]": "<s>", "[SEP]": "</s>", "[MASK]": "<mask>"}
    assert tokenizer.token_id_map == [
        dictionary.indices[names.get(piece, piece)] for piece in pieces_of(model)
    ]


def test_a_model_without_alberts_specials_has_all_five_ids() -> None:
    tokenizer = SentencePiece({"a.model": train(**PLAIN)})
    assert tokenizer.token_id_map is not None
    assert tokenizer.token_id_map[:3] == [3, 0, 2]  # <unk>, <s>, </s>
    assert tokenizer.vocab_size == len(tokenizer.token_id_map) + 2  # <pad> and <mask>


def test_pieces_over_a_space_are_taken() -> None:
    model = train(**ALBERT, split_by_whitespace=False)
    pieces = pieces_of(model)
    tokenizer = SentencePiece({"a.model": model})
    assert tokenizer.token_id_map is not None
    ids = sum(tokenizer.encode_batch([each.lower() for each in SENTENCES]), [])
    used = {pieces[tokenizer.token_id_map.index(number)] for number in ids}
    assert any("\u2581" in piece[1:] for piece in used)


def test_white_space_is_kept_on_request() -> None:
    model = train(**ALBERT, remove_extra_whitespaces=False)
    texts = ["a   film", "a film"]
    first, second = SentencePiece({"a.model": model}).encode_batch(texts)
    assert first == second
    first, second = SentencePiece(with_options(model, {"remove_space": False})).encode_batch(texts)
    assert first != second


def test_layout_has_no_separator() -> None:
    tokenizer = tokenizer_from_files("sentencepiece", {**albert_files(cased=True), "b.txt": b""})
    assert tokenizer.files == albert_files(cased=True)
    assert tokenizer.layout(pair=True) == InputLayout(0, 2, None) == tokenizer.layout(pair=False)


def test_lone_surrogate_is_refused() -> None:
    with pytest.raises(InputError, match="Text 2 holds a lone surrogate at character 3"):
        SentencePiece(albert_files()).encode_batch(["fine", "no\udc80"])


def test_two_models_are_refused() -> None:
    with pytest.raises(InputError, match=r"needs \*.model .* but there is a.model, b.model"):
        tokenizer_from_files("sentencepiece", {"a.model": MODEL, "b.model": MODEL})


def test_piece_that_no_dictionary_holds_is_refused() -> None:
    symbols = {"user_defined_symbols": ["line\nbreak"]}
    with pytest.raises(InputError, match=r"`a.model` must have pieces .* has 'line\\nbreak'"):
        SentencePiece({"a.model": train(**{**ALBERT, **symbols})})
