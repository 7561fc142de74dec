"""What a folder says of its tokenizer is followed or refused, never passed over."""

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import BertTokenizer

from pf_fairseq.backbones.catalogue import BACKBONES
from pf_fairseq.checkpoints.hugging_face.tokenizer_json import load_hugging_face_tokenizer
from pf_fairseq.errors import InputError
from tests.checkpoints.hugging_face_folders import tokenizer_files
from tests.text.small_bpe import write_files
from tests.text.small_word_piece import bert_files


def _folder(folder: Path, backbone: str, config: dict[str, Any]) -> Path:
    files = {**tokenizer_files(backbone), "tokenizer_config.json": json.dumps(config).encode()}
    return write_files(folder, files)


@pytest.mark.parametrize(
    ("backbone", "name"),
    [
        ("roberta", "RobertaTokenizer"),
        ("roberta", "RobertaTokenizerFast"),
        ("bert", "BertTokenizer"),
        ("bert", "DistilBertTokenizerFast"),
        ("albert", "AlbertTokenizerFast"),
        ("albert", None),
    ],
)
def test_classes_that_are_ours(backbone: str, name: str | None, tmp_path: Path) -> None:
    harmless = {"tokenizer_class": name, "model_max_length": 9, "never_split": None}
    folder = _folder(tmp_path, backbone, harmless)
    assert (
        load_hugging_face_tokenizer(BACKBONES[backbone], folder).kind
        == BACKBONES[backbone].tokenizer
    )


@pytest.mark.parametrize(
    ("backbone", "config", "message"),
    [
        ("bert", {"tokenizer_class": "BertJapaneseTokenizer"}, "must be BertTokenizer, Distil"),
        ("bert", {"subword_tokenizer_type": "character"}, '"wordpiece", but is "character"'),
        ("bert", {"do_basic_tokenize": False}, "`do_basic_tokenize` must be true, but is false"),
        ("bert", {"never_split": ["[E1]"]}, "`never_split` must be"),
        ("bert", {"additional_special_tokens": ["[E1]"]}, r"added tokens \(\[E1\]\) are found"),
        ("bert", {"added_tokens_decoder": {"7": {"content": "[E2]"}}}, r"added tokens \(\[E2\]\)"),
        ("bert", {"cls_token": "<s>"}, r"`cls_token` must be \[CLS\], but is <s>"),
        (
            "roberta",
            {"mask_token": {"content": "[M]"}},
            r"`mask_token` must be <mask>, but is \[M\]",
        ),
        ("bert", {"additional_special_tokens": 3}, "damaged: added tokens must be a list or a tab"),
        ("bert", {"added_tokens_decoder": {"0": {"id": 0}}}, "damaged: a token must be a text or"),
        ("bert", {"extra_special_tokens": "[E1]"}, "but are '\\[E1\\]'"),
        ("roberta", {"add_prefix_space": True}, "`add_prefix_space` must be false, but is true"),
        ("roberta", {"tokenizer_class": "GPT2Tokenizer"}, "`tokenizer_class` must be Roberta"),
        ("albert", {"tokenizer_class": "XLNetTokenizer"}, "`tokenizer_class` must be Albert"),
    ],
)
def test_refused(backbone: str, config: dict[str, Any], message: str, tmp_path: Path) -> None:
    folder = _folder(tmp_path, backbone, config)
    with pytest.raises(InputError, match=message) as raised:
        load_hugging_face_tokenizer(BACKBONES[backbone], folder)
    assert str(folder) in str(raised.value)


def test_the_class_may_stand_in_config_json(tmp_path: Path) -> None:
    folder = write_files(tmp_path, tokenizer_files("bert"))
    (folder / "config.json").write_text('{"tokenizer_class": "BertJapaneseTokenizer"}')
    with pytest.raises(InputError, match="but is 'BertJapaneseTokenizer'"):
        load_hugging_face_tokenizer(BACKBONES["bert"], folder)


def test_special_tokens_of_a_saved_tokenizer_are_no_added_ones(tmp_path: Path) -> None:
    write_files(tmp_path / "classical", bert_files())
    tokenizer = BertTokenizer.from_pretrained(tmp_path / "classical")
    tokenizer.save_pretrained(tmp_path / "saved")
    assert load_hugging_face_tokenizer(BACKBONES["bert"], tmp_path / "saved").kind == "bert"
    tokenizer.add_tokens(["[E1]"])
    tokenizer.save_pretrained(tmp_path / "saved")
    with pytest.raises(InputError, match=r"added tokens \(\[E1\]\)"):
        load_hugging_face_tokenizer(BACKBONES["bert"], tmp_path / "saved")


def _saved(folder: Path, config: dict[str, Any], *, lowercase: bool) -> Path:
    """vocab.txt beside a tokenizer.json whose normalizer lowers the case or does not."""
    files = {**bert_files(), "tokenizer_config.json": json.dumps({"do_lower_case": lowercase})}
    write_files(folder, {name: _bytes(content) for name, content in files.items()})
    BertTokenizer.from_pretrained(folder).save_pretrained(folder)
    assert json.loads((folder / "tokenizer.json").read_text())["normalizer"]["lowercase"] == (
        lowercase
    )
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folder


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def test_a_generic_class_reads_tokenizer_json(tmp_path: Path) -> None:
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "do_lower_case": True}
    folder = _saved(tmp_path, config, lowercase=False)
    found = load_hugging_face_tokenizer(BACKBONES["bert"], folder)
    assert json.loads(found.files["tokenizer_config.json"])["do_lower_case"] is False
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}')
    theirs = load_hugging_face_tokenizer(
        BACKBONES["bert"], folder
    )  # goes by vocab.txt and the option
    assert theirs.encode_batch(["THE"]) != found.encode_batch(["THE"])


@pytest.mark.parametrize("config", [{"do_lower_case": True}, {"tokenizer_class": "BertTokenizer"}])
def test_two_files_that_disagree(config: dict[str, Any], tmp_path: Path) -> None:
    folder = _saved(tmp_path, config, lowercase=False)
    (folder / "vocab.txt").unlink()
    with pytest.raises(InputError, match=r"`do_lower_case` false, but tokenizer_config.json says"):
        load_hugging_face_tokenizer(BACKBONES["bert"], folder)
