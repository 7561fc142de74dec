"""Folders whose tokenizer is a `tokenizer.json` alone, as transformers 5 saves them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import BertTokenizer, RobertaTokenizer

from pf_fairseq.backbones.catalogue import BACKBONES
from pf_fairseq.checkpoints.hugging_face.tokenizer_json import load_hugging_face_tokenizer
from pf_fairseq.errors import InputError
from pf_fairseq.text.tokenizer import load_tokenizer
from tests.checkpoints.hugging_face_folders import tokenizer_files
from tests.text.small_bpe import SENTENCES, write_files
from tests.text.small_word_piece import bert_files

CLASSES = {"bert": BertTokenizer, "roberta": RobertaTokenizer}


def _resave(folder: Path, backbone: str, files: dict[str, bytes]) -> Path:
    """What transformers writes for a tokenizer made from these files."""
    write_files(folder / "classical", files)
    CLASSES[backbone].from_pretrained(folder / "classical").save_pretrained(folder / "new")
    assert not (folder / "new" / "vocab.txt").exists()
    return folder / "new"


@pytest.mark.parametrize(
    ("backbone", "files"),
    [
        ("roberta", tokenizer_files("roberta")),
        ("bert", tokenizer_files("bert")),
        ("bert", bert_files(cased=True)),
    ],
    ids=["roberta", "bert", "bert-cased"],
)
def test_same_tokenizer(backbone: str, files: dict[str, bytes], tmp_path: Path) -> None:
    folder = _resave(tmp_path, backbone, files)
    found = load_hugging_face_tokenizer(BACKBONES[backbone], folder)
    expected = load_tokenizer(backbone, tmp_path / "classical")
    assert found.dictionary_text() == expected.dictionary_text()
    assert found.token_id_map == expected.token_id_map
    assert found.encode_batch(SENTENCES) == expected.encode_batch(SENTENCES)
    again = write_files(tmp_path / "again", found.files)
    assert load_tokenizer(backbone, again).encode_batch(SENTENCES) == found.encode_batch(SENTENCES)


def test_merges_in_the_older_form(tmp_path: Path) -> None:
    folder = _resave(tmp_path, "roberta", tokenizer_files("roberta"))
    path = folder / "tokenizer.json"
    content = json.loads(path.read_text())
    content["model"]["merges"] = [" ".join(pair) for pair in content["model"]["merges"]]
    path.write_text(json.dumps(content))
    expected = load_tokenizer("roberta", tmp_path / "classical").encode_batch(SENTENCES)
    assert (
        load_hugging_face_tokenizer(BACKBONES["roberta"], folder).encode_batch(SENTENCES)
        == expected
    )


@pytest.mark.parametrize("backbone", ["bert", "roberta"])
def test_an_older_file_without_the_type(backbone: str, tmp_path: Path) -> None:
    folder = _resave(tmp_path, backbone, tokenizer_files(backbone))
    path = folder / "tokenizer.json"
    content = json.loads(path.read_text())
    del content["model"]["type"]
    path.write_text(json.dumps(content))
    expected = load_tokenizer(backbone, tmp_path / "classical").encode_batch(SENTENCES)
    found = load_hugging_face_tokenizer(BACKBONES[backbone], folder)
    assert found.encode_batch(SENTENCES) == expected


def test_own_files_come_first(tmp_path: Path) -> None:
    folder = write_files(tmp_path, tokenizer_files("bert"))
    (folder / "tokenizer.json").write_text("{")
    assert load_hugging_face_tokenizer(BACKBONES["bert"], folder).kind == "bert"


def test_a_sentencepiece_model_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text('{"model": {"type": "Unigram"}}')
    with pytest.raises(InputError, match=r"no \*\.model, which cannot be made"):
        load_hugging_face_tokenizer(BACKBONES["albert"], tmp_path)


def _set(*keys: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set("model", "type", value="Unigram"), "`model.type` must be 'WordPiece'"),
        (_set("model", "max_input_chars_per_word", value=9), "must be 100, but is 9"),
        (_set("normalizer", "type", value="NFC"), "`normalizer.type` must be 'BertNormalizer'"),
        (_set("normalizer", value=None), "is damaged"),
        (_set("model", "vocab", "[UNK]", value=100_000), "numbered from 0 without a gap"),
    ],
)
def test_refused(change: Callable[[dict[str, Any]], None], message: str, tmp_path: Path) -> None:
    path = _resave(tmp_path, "bert", tokenizer_files("bert")) / "tokenizer.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=message) as raised:
        load_hugging_face_tokenizer(BACKBONES["bert"], path.parent)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set("pre_tokenizer", "use_regex", value=False), "`pre_tokenizer.use_regex` must be True"),
        (_set("model", "end_of_word_suffix", value="</w>"), "`model.end_of_word_suffix` must be"),
    ],
)
def test_a_byte_level_bpe_of_another_kind(
    change: Callable[[dict[str, Any]], None], message: str, tmp_path: Path
) -> None:
    path = _resave(tmp_path, "roberta", tokenizer_files("roberta")) / "tokenizer.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=message):
        load_hugging_face_tokenizer(BACKBONES["roberta"], path.parent)


def test_not_json(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(InputError, match="is damaged"):
        load_hugging_face_tokenizer(BACKBONES["bert"], tmp_path)
