"""ByteLevelBpe gives, id for id, what fairseq's GPT-2 encoder and dictionary give."""

import json
import random
import re
import unicodedata
from pathlib import Path

import pytest
import regex
from tokenizers.pre_tokenizers import ByteLevel

from pf_fairseq.errors import InputError
from pf_fairseq.text.byte_level_bpe import ByteLevelBpe
from pf_fairseq.text.tokenizer import load_tokenizer
from tests.text.fairseq_reference import Encode, fairseq_encoder
from tests.text.small_bpe import PIECES, SENTENCES, fairseq_files, hugging_face_files, write_files

GPT2_PATTERN = regex.compile(
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
)
TRICKY = [
    "",
    " ",
    "  two  spaces and a tab\there \n",
    "don't we'll I'VE they'd 's",
    "<s> </s> <pad> <mask> <unk> <|endoftext|>",
    "\ufeffbom \u00a0nbsp \u200bzwsp \u3000wide\u2028line",
    "\x00\x1c\x1d\x1e\x1f\x7f\x85\r",
    "e\u0301 \U0001f469\u200d\U0001f680 \u0e01\u0e33 \u05e9\u05c1 \u0967\u0968\u0969 \u00bd\u216b",
    "\U0010ffff\ue000",
]


@pytest.fixture(scope="module")
def reference_encode(tokenizers_dir: Path) -> Encode:
    return fairseq_encoder(tokenizers_dir / "roberta")


@pytest.fixture(scope="module")
def roberta(tokenizers_dir: Path) -> ByteLevelBpe:
    tokenizer = load_tokenizer("roberta", tokenizers_dir / "roberta")
    assert isinstance(tokenizer, ByteLevelBpe)
    return tokenizer


@pytest.fixture(scope="module")
def small_encode(tmp_path_factory: pytest.TempPathFactory) -> Encode:
    return fairseq_encoder(write_files(tmp_path_factory.mktemp("roberta"), fairseq_files()))


def test_hello_world(roberta: ByteLevelBpe) -> None:
    assert roberta.encode_batch(["Hello world!"]) == [[31414, 232, 328]]
    assert (roberta.vocab_size, roberta.mask_id) == (50265, 50264)
    assert (roberta.bos_id, roberta.pad_id, roberta.eos_id, roberta.unk_id) == (0, 1, 2, 3)


@pytest.mark.parametrize("files", [fairseq_files(), hugging_face_files()], ids=["fairseq", "hf"])
def test_small_model_equals_fairseq(files: dict[str, bytes], small_encode: Encode) -> None:
    texts = [*SENTENCES, *TRICKY]
    tokenizer = ByteLevelBpe(files)
    assert tokenizer.encode_batch(texts) == [small_encode(text) for text in texts]
    assert tokenizer.vocab_size == len(PIECES) + 5
    assert tokenizer.mask_id == tokenizer.vocab_size - 1
    assert tokenizer.files == files


def test_id_map_leads_from_own_ids_to_the_dictionary() -> None:
    tokenizer = ByteLevelBpe(fairseq_files())
    assert tokenizer.token_id_map is not None
    lines = fairseq_files()["dict.txt"].decode().split("\n")
    for own_id, dictionary_id in enumerate(tokenizer.token_id_map):
        assert lines[dictionary_id - 4] == f"{own_id} 7"
    assert ByteLevelBpe(hugging_face_files()).token_id_map is None


def test_dictionary_of_hugging_face_files_keeps_their_ids(tmp_path: Path) -> None:
    from fairseq.data import Dictionary

    (tmp_path / "dict.txt").write_text(ByteLevelBpe(hugging_face_files()).dictionary_text())
    dictionary = Dictionary.load(str(tmp_path / "dict.txt"))
    dictionary.add_symbol("<mask>")  # as the task sentence_prediction does
    assert dictionary.indices == json.loads(hugging_face_files()["vocab.json"])


def test_special_symbols_in_a_text_are_plain_text() -> None:
    for files in (fairseq_files(), hugging_face_files()):
        tokenizer = ByteLevelBpe(files)
        (ids,) = tokenizer.encode_batch(["<s></s><pad><unk><mask><|endoftext|>"])
        assert not {0, 1, 2, 3, tokenizer.mask_id} & set(ids)


def test_lone_surrogate_is_refused() -> None:
    with pytest.raises(InputError, match="Text 2 holds a lone surrogate at character 3"):
        ByteLevelBpe(fairseq_files()).encode_batch(["fine", "no\udc80"])


@pytest.mark.parametrize(
    ("task", "file", "columns"),
    [("SST-2", "dev.tsv", [0]), ("MRPC", "dev.tsv", [3, 4]), ("MNLI", "dev_matched.tsv", [8, 9])],
)
def test_real_sentences_equal_fairseq(
    task: str,
    file: str,
    columns: list[int],
    *,
    glue_dir: Path,
    roberta: ByteLevelBpe,
    reference_encode: Encode,
) -> None:
    lines = (glue_dir / task / file).read_text(encoding="utf-8").split("\n")[1:2001]
    texts = [line.split("\t")[column] for line in lines if line for column in columns]
    assert len(texts) > 800
    assert roberta.encode_batch(texts) == [reference_encode(text) for text in texts]


def _assigned(code_points: range) -> list[str]:
    """Characters that this Python's Unicode knows, surrogates and private ones left out."""
    characters = map(chr, code_points)
    return [each for each in characters if unicodedata.category(each) not in ("Cn", "Co", "Cs")]


def test_every_assigned_character_is_classed_alike() -> None:
    # `regex` 2026 and `tokenizers` 0.23 differ in 17480 code points, all assigned after Unicode
    # 16, such as U+0558 and U+10940; Python 3.11 to 3.14 know 14 to 16. Each character stands
    # beside a letter, a digit and a sign, which tells letters, numbers, spaces and the rest apart.
    text = "".join(f"a{each}a 1{each}1 !{each}! " for each in _assigned(range(0x110000)))
    engine_pieces = ByteLevel(add_prefix_space=False).pre_tokenize_str(text)
    expected = [len(piece.encode()) for piece in GPT2_PATTERN.findall(text)]
    assert [len(piece) for piece, _ in engine_pieces] == expected


def _fuzzed(n_texts: int, seed: int) -> list[str]:
    draw = random.Random(seed)
    blocks = [range(0x20, 0x7F), range(0x250), range(0x300, 0x600), range(0x900, 0x1000)]
    blocks += [range(0x1E00, 0x2100), range(0x2000, 0x3100), range(0x1F300, 0x1FB00)]
    alphabets = [_assigned(block) for block in [*blocks, range(0x110000)]]
    spaces = " \t\n\r\x0b\x0c\x1c\x1f\x85\xa0\u1680\u2000\u2028\u202f\u3000"
    words = ["'s", "'LL", "'ve", " the", "<s>", "</s>", "Hello", " 123", "...", "   "]

    def part() -> str:
        kind = draw.random()
        if kind < 0.2:
            return draw.choice(words)
        return draw.choice(spaces if kind < 0.4 else draw.choice(alphabets))

    return ["".join(part() for _ in range(draw.randrange(30))) for _ in range(n_texts)]


def test_fuzzed_unicode_equals_fairseq(roberta: ByteLevelBpe, reference_encode: Encode) -> None:
    texts = [*TRICKY, *_fuzzed(10_000, seed=0)]
    for text, ids in zip(texts, roberta.encode_batch(texts), strict=True):
        assert ids == reference_encode(text), repr(text)


def _with(name: str, content: bytes, files: dict[str, bytes]) -> dict[str, bytes]:
    return {**files, name: content}


def test_dictionary_without_a_needed_id_is_refused() -> None:
    lines = fairseq_files()["dict.txt"].splitlines(keepends=True)
    files = _with(
        "dict.txt", b"".join(line for line in lines if line != b"17 7\n"), fairseq_files()
    )
    message = f"lacks 1 of {len(PIECES)}, the first being 17"
    with pytest.raises(InputError, match=re.escape(message)):
        ByteLevelBpe(files)


def test_dictionary_may_lack_ids_that_no_text_gives() -> None:
    vocabulary = {**json.loads(fairseq_files()["encoder.json"]), "<|endoftext|>": len(PIECES)}
    tokenizer = ByteLevelBpe(
        _with("encoder.json", json.dumps(vocabulary).encode(), fairseq_files())
    )
    assert tokenizer.token_id_map is not None
    assert tokenizer.token_id_map[-1] == tokenizer.unk_id
    assert 3 not in tokenizer.encode_batch(["<|endoftext|>"])[0]


def test_vocabulary_without_specials_in_place_is_refused() -> None:
    vocabulary = json.loads(hugging_face_files()["vocab.json"])
    vocabulary["<mask>"], vocabulary["<pad>"] = vocabulary["<pad>"], vocabulary["<mask>"]
    files = _with("vocab.json", json.dumps(vocabulary).encode(), hugging_face_files())
    with pytest.raises(InputError, match="but starts with <s> <mask> </s> <unk> and ends in <pad>"):
        ByteLevelBpe(files)
