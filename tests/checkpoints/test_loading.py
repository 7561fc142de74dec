"""Checkpoints are read with torch's safety on, and refused in one sentence."""

import argparse
import os
import random
from pathlib import Path
from typing import Any

import pytest
import torch

from pf_fairseq.checkpoints.loading import read_checkpoint
from pf_fairseq.errors import InputError

STATE = {"model": {"weight": torch.arange(6.0).view(2, 3)}, "cfg": {"model": {"_name": "x"}}}


class Harmful:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("as_zip", [True, False], ids=["zip", "legacy"])
def test_both_of_torchs_formats(as_zip: bool, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    torch.save(STATE, path, _use_new_zipfile_serialization=as_zip)
    state = read_checkpoint(path)
    assert torch.equal(state["model"]["weight"], STATE["model"]["weight"])
    assert state["cfg"] == STATE["cfg"]


def test_code_is_never_run(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    torch.save({**STATE, "surprise": Harmful(tmp_path / "harm")}, path)
    with pytest.raises(InputError, match="is not loaded because it could run code"):
        read_checkpoint(path)
    assert not (tmp_path / "harm").exists()


def test_missing_files_and_folders(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.pt", tmp_path):
        with pytest.raises(InputError, match="does not exist; give the path of a `.pt` file"):
            read_checkpoint(path)


@pytest.mark.parametrize("content", [{"weight": torch.ones(1)}, {"model": 5}, [1], None])
def test_something_else_than_a_checkpoint(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "checkpoint.pt")
    with pytest.raises(InputError, match="is not fairseq's: it has no `model` entry"):
        read_checkpoint(tmp_path / "checkpoint.pt")


def test_an_exported_archive_is_told_apart(tmp_path: Path) -> None:
    torch.jit.script(torch.nn.Linear(2, 2)).save(tmp_path / "model.pt")
    with pytest.raises(InputError, match="is an exported archive; give the checkpoint that"):
        read_checkpoint(tmp_path / "model.pt")


@pytest.mark.parametrize("as_zip", [True, False], ids=["zip", "legacy"])
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_any_damage_is_one_sentence(as_zip: bool, tmp_path: Path) -> None:
    """Cut anywhere, or with bytes changed: refused, or read where no byte matters."""
    path, draw = tmp_path / "checkpoint.pt", random.Random(0)
    torch.save(STATE, path, _use_new_zipfile_serialization=as_zip)
    content = path.read_bytes()
    for _ in range(300):
        damaged = bytearray(content)
        if draw.random() < 0.5:
            damaged = damaged[: draw.randrange(len(damaged))]
            with_bytes = False
        else:
            damaged[draw.randrange(len(damaged))] ^= draw.randrange(1, 256)
            with_bytes = True
        path.write_bytes(damaged)
        try:
            read_checkpoint(path)
        except InputError as error:
            assert "\n" not in str(error)
        else:
            assert with_bytes or not as_zip, "a cut file was read"


def test_text_and_nothing(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    for content in (b"", b"a,b\n1,2\n", b"PK\x03\x04 no zip"):
        path.write_bytes(content)
        with pytest.raises(InputError, match="is truncated"):
            read_checkpoint(path)


def test_arguments_of_old_checkpoints(tmp_path: Path) -> None:
    """Official RoBERTas keep their flags as an `argparse.Namespace`, which is let through."""
    from pf_fairseq.registration import register

    register()
    torch.save({**STATE, "args": argparse.Namespace(arch="roberta_base")}, tmp_path / "model.pt")
    assert read_checkpoint(tmp_path / "model.pt")["args"].arch == "roberta_base"
