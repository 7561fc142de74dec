"""Folders of sentence-transformers convert as they are, and nothing of them is passed over."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from pf_fairseq.checkpoints.hugging_face.sentence_transformers import (
    described,
    transformer_folder,
)
from pf_fairseq.cli.main import main
from pf_fairseq.errors import InputError
from tests.checkpoints.hugging_face_folders import write_folder

MODULE = "sentence_transformers.models."


def write_modules(folder: Path, *modules: tuple[str, str]) -> Path:
    content = [
        {"idx": index, "name": str(index), "path": path, "type": MODULE + kind}
        for index, (kind, path) in enumerate(modules)
    ]
    folder.mkdir(exist_ok=True)
    (folder / "modules.json").write_text(json.dumps(content[::-1]))  # `idx` is their order
    return folder


def write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))


def write_pooling(folder: Path, *modes: str) -> None:
    every = ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens")
    content = {f"pooling_mode_{mode}": mode in modes for mode in every}
    write_json(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": 32, **content})


def test_a_plain_folder_has_nothing_to_say(tmp_path: Path) -> None:
    assert transformer_folder(tmp_path) == tmp_path
    assert described(tmp_path) == []


@pytest.mark.parametrize(
    ("modes", "line"),
    [
        (("mean_tokens",), "Pooling (mean_tokens): left out; `--readout mean` reads a layer like"),
        (("cls_token",), "Pooling (cls_token): left out; `--readout first` reads"),
        (("max_tokens",), "Pooling (max_tokens): left out"),
        (("mean_tokens", "cls_token"), "Pooling (cls_token, mean_tokens): left out"),
    ],
)
def test_pooling_is_understood(modes: tuple[str, ...], line: str, tmp_path: Path) -> None:
    write_modules(tmp_path, ("Transformer", ""), ("Pooling", "1_Pooling"))
    write_pooling(tmp_path, *modes)
    (found,) = described(tmp_path)
    assert found.startswith(line) and ("--readout" in found) == ("--readout" in line)


def test_other_modules_and_limits_are_named(tmp_path: Path) -> None:
    write_modules(tmp_path, ("Transformer", ""), ("Dense", "2_Dense"), ("Normalize", "3_Normalize"))
    settings = {"max_seq_length": 256, "do_lower_case": True}
    write_json(tmp_path / "sentence_bert_config.json", settings)
    limits = {"truncation": {"max_length": 128}, "padding": {"pad_id": 0}}
    write_json(tmp_path / "tokenizer.json", limits)
    dense, normalize, length, lower, cut = described(tmp_path)
    assert dense.startswith("Dense (2_Dense): left out")
    assert normalize.startswith("Normalize (3_Normalize): left out")
    assert length.startswith("max_seq_length 256: no limit of the encoder")
    assert lower.startswith("do_lower_case true:")
    assert cut.startswith("truncation and padding of tokenizer.json: ignored")


@pytest.mark.parametrize("content", ["{", "{}", "[3]", '[{"idx": 0}]', "[" * 100_000])
def test_damaged_modules(content: str, tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_text(content)
    if content == "{}":
        assert transformer_folder(tmp_path) == tmp_path
        return
    with pytest.raises(InputError, match="modules.json` is no list of modules"):
        transformer_folder(tmp_path)


def test_another_encoder_is_refused(tmp_path: Path) -> None:
    write_modules(tmp_path, ("CLIPModel", ""))
    with pytest.raises(
        InputError, match="must begin with a Transformer, but begins with CLIPModel"
    ):
        transformer_folder(tmp_path)


@pytest.mark.parametrize("path", ["", "0_Transformer"])
@pytest.mark.parametrize("backbone", ["bert", "mpnet"])
def test_converted_as_downloaded(
    backbone: str, path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = write_modules(tmp_path / "whole", ("Transformer", path), ("Pooling", "1_Pooling"))
    write_pooling(whole, "mean_tokens")
    write_folder(backbone, whole / path)
    arguments = ["convert", "--from", str(whole), "--output", str(tmp_path / "ours"), "--check"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "Same hidden states as transformers" in printed and "the same token ids" in printed
    assert "Of sentence-transformers: Pooling (mean_tokens): left out; `--readout mean`" in printed
    assert "Left out, since the encoder does not need them: " in printed


def test_real_folders(
    mpnet_dir: Path, pretrained_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, folder in enumerate((mpnet_dir, pretrained_dir)):
        output = tmp_path / str(number)
        assert main(["convert", "--from", str(folder), "--output", str(output), "--check"]) == 0
        printed = capsys.readouterr().out
        assert "the same token ids" in printed and "Normalize (2_Normalize): left out" in printed
        state = torch.load(output / "checkpoint.pt", weights_only=True, mmap=True)
        assert state["extra_state"]["data_fingerprint"]["labels"] is None
