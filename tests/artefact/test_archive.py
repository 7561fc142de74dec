"""The archive: whole or not there, read as it was written, and enough for torch alone."""

import json
import os
import random
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import BinaryIO

import pytest
import torch
from torch.testing import assert_close

from pf_fairseq.artefact.loading import load_archive
from pf_fairseq.artefact.metadata import ArchiveMetadata
from pf_fairseq.artefact.saving import save_archive
from pf_fairseq.errors import InputError
from pf_fairseq.files import is_torchscript
from tests.artefact.metadata_cases import build_metadata
from tests.runtime.tiny import (
    KINDS,
    N_LAYERS,
    build_runtime,
    draw_sentences,
    pad,
    shared_runtime,
)
from tests.tolerances import SCRIPTED

FILES = {"vocab.json": '{"é": 1}\r\n'.encode(), "merges.txt": bytes(range(256))}
TOKENS, TAU = pad(draw_sentences(9)), torch.tensor(0.6)


def full_depth(**changes: object) -> ArchiveMetadata:
    """Metadata whose default is full depth, as that of the tiny runtime."""
    return build_metadata(**{"default": None, "default_threshold": 0.0, **changes})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An archive of the tiny runtime."""
    save_archive(build_runtime(), full_depth(), FILES, tmp_path / "model.pt")
    return tmp_path / "model.pt"


@pytest.mark.parametrize("kind", KINDS)
def test_answers_are_those_of_the_eager_runtime(kind: str, tmp_path: Path) -> None:
    save_archive(build_runtime(kind), full_depth(), FILES, tmp_path / "model.pt")
    module, runtime = load_archive(tmp_path / "model.pt").module, shared_runtime(kind)
    layers = torch.arange(len(TOKENS)) % N_LAYERS + 1
    for _ in range(3):
        for found, expected in (
            (module(TOKENS, TAU), runtime(TOKENS, TAU)),
            (module(TOKENS), runtime(TOKENS)),
            (module.forward_at(TOKENS, layers), runtime.forward_at(TOKENS, layers)),
        ):
            assert torch.equal(found[1], expected[1])  # discrete: exact
            assert_close(found[0], expected[0], **SCRIPTED)
            assert_close(found[2], expected[2], **SCRIPTED)


def test_metadata_and_files_come_back_byte_for_byte(path: Path) -> None:
    archive = load_archive(path)
    assert archive.metadata == full_depth()
    assert archive.files == FILES


def test_without_a_tokenizer_there_are_no_files(tmp_path: Path) -> None:
    save_archive(build_runtime(), full_depth(tokenizer=None), {}, tmp_path / "model.pt")
    assert load_archive(tmp_path / "model.pt").files == {}


def test_torch_reads_the_extra_files_too(path: Path) -> None:
    found = {"metadata.json": "", "vocab.json": "", "merges.txt": ""}
    torch.jit.load(path, _extra_files=found)
    assert json.loads(found["metadata.json"])["format_version"] == 2
    assert {name: found[name] for name in FILES} == FILES


TORCH_ALONE = """
import sys, torch
module = torch.jit.load(sys.argv[1])
inputs = torch.load(sys.argv[2])
torch.save([module(inputs["tokens"], inputs["tau"]), module(inputs["tokens"])], sys.argv[3])
assert not any(name.startswith("pf_fairseq") for name in sys.modules)
"""


def test_torch_alone_is_enough(path: Path, tmp_path: Path) -> None:
    torch.save({"tokens": TOKENS, "tau": TAU}, tmp_path / "inputs.pt")
    command = [sys.executable, "-W", "ignore", "-I", "-c", TORCH_ALONE, str(path)]
    command += [str(tmp_path / "inputs.pt"), str(tmp_path / "outputs.pt")]
    subprocess.run(command, check=True, cwd=tmp_path)
    at_tau, at_default = torch.load(tmp_path / "outputs.pt")
    for found, expected in (
        (at_tau, shared_runtime()(TOKENS, TAU)),
        (at_default, shared_runtime()(TOKENS)),
    ):
        assert torch.equal(found[1], expected[1])
        assert_close(found[0], expected[0], **SCRIPTED)


def test_the_same_export_is_the_same_file(path: Path, tmp_path: Path) -> None:
    save_archive(build_runtime(), full_depth(), FILES, tmp_path / "other name.pt")
    assert (tmp_path / "other name.pt").read_bytes() == path.read_bytes()


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    metadata = full_depth(format_version=3)
    save_archive(build_runtime(), metadata, FILES, tmp_path / "model.pt")
    with pytest.raises(InputError, match="has format version 3, but this pf_fairseq reads up to 2"):
        load_archive(tmp_path / "model.pt")


def test_a_script_of_someone_else_is_refused(tmp_path: Path) -> None:
    torch.jit.script(torch.nn.Linear(2, 2)).save(tmp_path / "model.pt")
    with pytest.raises(InputError, match="has no readable metadata.json .there is none"):
        load_archive(tmp_path / "model.pt")


def write_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "nothing of ours")


@pytest.mark.parametrize(
    "write",
    [
        write_zip,
        lambda path: path.write_text("a,b\n1,2\n"),
        lambda path: path.write_bytes(b""),
        lambda path: torch.save({"model": {}}, path),
    ],
    ids=["zip", "text", "empty", "checkpoint"],
)
def test_a_foreign_file_is_refused(write: object, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    write(path)  # type: ignore[operator]
    assert not is_torchscript(path)
    with pytest.raises(InputError, match="model.pt` is damaged or no TorchScript archive; export"):
        load_archive(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.pt", tmp_path):
        assert not is_torchscript(path)
        with pytest.raises(InputError, match="does not exist; give what `pf-fairseq export` wrote"):
            load_archive(path)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 0.999])
def test_a_truncated_archive_is_refused(share: float, path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match="is damaged or no TorchScript archive"):
        load_archive(path)


def test_damage_is_refused_or_does_no_harm(path: Path) -> None:
    """One byte changed anywhere: in a weight, in the code, in the directory of the file."""
    content, draw, expected = path.read_bytes(), random.Random(0), shared_runtime()(TOKENS, TAU)
    n_refused = 0
    for _ in range(60):
        damaged = bytearray(content)
        damaged[draw.randrange(len(damaged))] ^= 0xFF
        path.write_bytes(damaged)
        try:
            logits = load_archive(path).module(TOKENS, TAU)[0]
        except InputError:
            n_refused += 1
        else:
            assert_close(logits, expected[0], **SCRIPTED)
    assert n_refused > 30


@pytest.mark.parametrize("there_before", [False, True])
def test_a_failure_leaves_what_was_there(
    there_before: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_half(module: object, stream: BinaryIO, **_: object) -> None:
        stream.write(b"PK half an archive")
        raise OSError("No space left on device")

    path = tmp_path / "model.pt"
    if there_before:
        path.write_text("an archive")
    monkeypatch.setattr(torch.jit, "save", write_half)
    with pytest.raises(OSError, match="No space left"):
        save_archive(build_runtime(), full_depth(), FILES, path)
    assert os.listdir(tmp_path) == (["model.pt"] if there_before else [])
    assert not there_before or path.read_text() == "an archive"


def test_an_archive_that_is_there_is_replaced(path: Path) -> None:
    before = path.read_bytes()
    save_archive(build_runtime("attn"), full_depth(), FILES, path)
    assert path.read_bytes() != before
    assert os.listdir(path.parent) == ["model.pt"]


def test_an_entry_that_says_it_is_a_folder_is_refused(path: Path) -> None:
    """torch would read nothing for it, and fill the weight with whatever is in memory."""
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        start = archive.start_dir
        names = [entry.filename for entry in archive.infolist()]
    for name in names:
        assert content[start : start + 4] == b"PK\x01\x02"
        if "/data/" in name:
            break
        sizes = (
            int.from_bytes(content[start + at : start + at + 2], "little") for at in (28, 30, 32)
        )
        start += 46 + sum(sizes)
    content[start + 38] ^= 0xFF  # the attributes of a weight
    path.write_bytes(content)
    with pytest.raises(InputError, match="is damaged or no TorchScript archive"):
        load_archive(path)
