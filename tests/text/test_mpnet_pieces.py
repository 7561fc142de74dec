"""WordPiece with MPNet's special tokens: ids, the two unknown pieces, and the finished input."""

from pathlib import Path

import pytest
from transformers import AutoTokenizer, MPNetTokenizer

from pf_fairseq.backbones.catalogue import BACKBONES
from pf_fairseq.checkpoints.hugging_face.tokenizer_json import load_hugging_face_tokenizer
from pf_fairseq.errors import InputError
from pf_fairseq.text.dictionary import read_dictionary
from pf_fairseq.text.inputs import build_input
from pf_fairseq.text.special_pieces import SpecialPieces
from pf_fairseq.text.tokenizer import tokenizer_from_files
from pf_fairseq.text.word_piece import WordPiece
from tests.fuzzing import fuzzed_texts
from tests.text import small_bpe
from tests.text.glue_layout import dev_texts
from tests.text.small_bpe import SENTENCES, write_files
from tests.text.small_sentence_piece import albert_files
from tests.text.small_word_piece import PIECES, bert_files, mpnet_files
from tests.text.test_word_piece import TRICKY

ANGLED = SpecialPieces("<s>", "<pad>", "</s>", "[UNK]", "<mask>")


def _real(folder: Path) -> WordPiece:
    names = ("vocab.txt", "tokenizer_config.json")
    return WordPiece({name: (folder / name).read_bytes() for name in names})


def test_ids_are_the_tokenizers_own() -> None:
    tokenizer = WordPiece(mpnet_files())
    assert tokenizer.special_pieces == ANGLED
    assert tokenizer.token_id_map is None
    ids = read_dictionary(tokenizer.dictionary_text())
    expected = ["<s>", "<pad>", "</s>", "<unk>", *PIECES, "<mask>"]
    assert list(ids) == expected and tokenizer.vocab_size == len(expected)
    assert tokenizer.unk_id == expected.index("[UNK]") != 3
    assert tokenizer.mask_id == len(expected) - 1
    assert tokenizer.encode_batch(["\u2603"]) == [[tokenizer.unk_id]]


def test_another_order_is_mapped() -> None:
    pieces = ["[PAD]", "[UNK]", "<mask>", "</s>", "a", "<pad>", "<s>", "<unk>", "b"]
    tokenizer = WordPiece({"vocab.txt": "\n".join(pieces).encode()})
    #          [PAD] [UNK] <mask> </s> a <pad> <s> <unk> b
    assert tokenizer.token_id_map == [4, 5, 8, 2, 6, 1, 0, 3, 7]
    assert (tokenizer.unk_id, tokenizer.mask_id) == (5, 8)


def test_without_a_second_unknown_piece_the_first_is_fairseqs() -> None:
    pieces = ["<s>", "<pad>", "</s>", "[UNK]", "a", "<mask>"]
    tokenizer = WordPiece({"vocab.txt": "\n".join(pieces).encode()})
    assert tokenizer.token_id_map is None and tokenizer.unk_id == 3
    assert tokenizer.dictionary_text() == "a 1\n"


def test_ids_equal_transformers(tmp_path: Path) -> None:
    files = mpnet_files()
    theirs = MPNetTokenizer.from_pretrained(write_files(tmp_path, files), split_special_tokens=True)
    texts = [*SENTENCES, *TRICKY, *fuzzed_texts(2000, seed=0)]
    expected = theirs(texts, add_special_tokens=False)["input_ids"]
    assert WordPiece(files).encode_batch(texts) == expected


def test_a_folder_with_tokenizer_json_alone(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "classical", mpnet_files())
    MPNetTokenizer.from_pretrained(folder).save_pretrained(tmp_path / "saved")
    assert not (tmp_path / "saved" / "vocab.txt").exists()
    found = load_hugging_face_tokenizer(BACKBONES["mpnet"], tmp_path / "saved")
    assert found.encode_batch(SENTENCES) == WordPiece(mpnet_files()).encode_batch(SENTENCES)
    assert found.special_pieces == ANGLED and found.token_id_map is None


@pytest.mark.parametrize("max_tokens", [64, 11])
def test_finished_inputs_equal_transformers(max_tokens: int, tmp_path: Path) -> None:
    files = mpnet_files()
    tokenizer = WordPiece(files)
    theirs = AutoTokenizer.from_pretrained(write_files(tmp_path, files))
    limit = {"truncation": "longest_first", "max_length": max_tokens}
    for first, second in zip(SENTENCES, [*SENTENCES[1:], None], strict=True):
        pair = second is not None
        ids = tokenizer.encode_batch([first, second] if second is not None else [first])
        found = build_input(
            ids[0],
            ids[1] if pair else None,
            layout=tokenizer.layout(pair),
            max_tokens=max_tokens,
        )
        assert found == theirs(first, second, **limit)["input_ids"]


def test_given_names_come_before_what_is_found() -> None:
    """An archive tells the names: this vocabulary holds both, and others of its own."""
    files = {"vocab.txt": mpnet_files()["vocab.txt"]}
    square = SpecialPieces("[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]")
    with pytest.raises(InputError, match="is <s>, which fairseq's dictionary has as a special"):
        WordPiece(files, square)
    own = SpecialPieces("{", "}", "|", "?", "~")
    tokenizer = WordPiece({"vocab.txt": b"a\n?\n{\n}\n~\n|\n##b\n"}, own)
    assert tokenizer.special_pieces == own
    assert tokenizer.token_id_map == [4, 3, 0, 1, 6, 2, 5]
    assert tokenizer.encode_batch(["ab c"]) == [[4, 5, 3]]
    with pytest.raises(InputError, match=r"must hold \{, \}, \|, \? and ~, but its 1 lines lack"):
        WordPiece({"vocab.txt": b"a\n"}, own)


@pytest.mark.parametrize(
    ("kind", "files"),
    [("roberta", small_bpe.hugging_face_files()), ("sentencepiece", albert_files())],
)
def test_other_kinds_compare_the_names(kind: str, files: dict[str, bytes]) -> None:
    found = tokenizer_from_files(kind, files).special_pieces
    assert tokenizer_from_files(kind, files, found).special_pieces == found
    other = found._replace(bos="[START]", mask=None)
    with pytest.raises(
        InputError, match=r"must call the special tokens \[START\] .* \(none\), but"
    ):
        tokenizer_from_files(kind, files, other)


def test_bert_stays_as_it_is() -> None:
    tokenizer = WordPiece(bert_files())
    assert tokenizer.special_pieces == SpecialPieces("[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]")
    assert tokenizer.layout(True).separator_token is None and tokenizer.unk_id == 3


def test_real_dev_texts_equal_transformers(mpnet_dir: Path, *, glue_dir: Path) -> None:
    theirs = AutoTokenizer.from_pretrained(mpnet_dir, split_special_tokens=True)
    texts = dev_texts(glue_dir)
    assert len(texts) > 30_000
    expected = theirs(texts, add_special_tokens=False)["input_ids"]
    tokenizer = _real(mpnet_dir)
    assert tokenizer.token_id_map is None and tokenizer.vocab_size == 30527
    assert (tokenizer.unk_id, tokenizer.mask_id) == (104, 30526)
    assert tokenizer.encode_batch(texts) == expected
