"""Choosing the files of a tokenizer, and the sentences when they do not fit."""

from pathlib import Path

import pytest

from pf_fairseq.errors import InputError
from pf_fairseq.text.tokenizer import load_tokenizer, tokenizer_from_files
from tests.text.small_bpe import SENTENCES, fairseq_files, hugging_face_files, write_files


def test_folder_and_files_give_the_same_tokenizer(tmp_path: Path) -> None:
    for files in (fairseq_files(), hugging_face_files()):
        folder = write_files(tmp_path / str(len(files)), files)
        loaded = load_tokenizer("roberta", folder)
        given = tokenizer_from_files("roberta", {**files, "metadata.json": b"{}"})
        assert loaded.files == given.files == files
        assert loaded.encode_batch(SENTENCES) == given.encode_batch(SENTENCES)
        assert loaded.kind == "roberta"


def test_fairseq_files_come_first(tmp_path: Path) -> None:
    folder = write_files(tmp_path, {**hugging_face_files(), **fairseq_files()})
    assert set(load_tokenizer("roberta", folder).files) == set(fairseq_files())


def test_incomplete_folder_is_refused(tmp_path: Path) -> None:
    files = fairseq_files()
    del files["dict.txt"]
    message = r"needs encoder.json \+ vocab.bpe \+ dict.txt, or vocab.json \+ merges.txt, but there"
    with pytest.raises(InputError, match=message + " is encoder.json, vocab.bpe"):
        load_tokenizer("roberta", write_files(tmp_path / "some", files))
    with pytest.raises(InputError, match=message + " is none of them"):
        load_tokenizer("roberta", write_files(tmp_path / "empty", {}))
    message = r"needs vocab.txt \+ tokenizer_config.json, or vocab.txt, but there is none of them"
    with pytest.raises(InputError, match=message):
        load_tokenizer("bert", write_files(tmp_path / "empty", {}))


def test_missing_folder_and_unknown_kind_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere` cannot be read \(No such file"):
        load_tokenizer("roberta", tmp_path / "nowhere")
    with pytest.raises(
        InputError, match="must be one of roberta, bert, sentencepiece, but is 'word' instead"
    ):
        load_tokenizer("word", tmp_path)


def test_layout_of_pairs_has_a_separator() -> None:
    tokenizer = tokenizer_from_files("roberta", fairseq_files())
    assert tokenizer.layout(pair=True).separator_token == tokenizer.eos_id
    assert tokenizer.layout(pair=False).separator_token is None
