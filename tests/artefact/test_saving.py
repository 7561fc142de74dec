"""What an archive must not carry from the machine that wrote it."""

import pickletools
import sys
import zipfile
from pathlib import Path

import torch

import pf_fairseq
from pf_fairseq.artefact.saving import save_archive
from tests.artefact.metadata_cases import build_metadata
from tests.runtime.tiny import build_runtime


def write(path: Path) -> zipfile.ZipFile:
    metadata = build_metadata(default=None, default_threshold=0.0)
    save_archive(build_runtime(), metadata, {}, path)
    return zipfile.ZipFile(path)


def test_no_path_of_this_machine_is_in_it(tmp_path: Path) -> None:
    folders = {str(Path(pf_fairseq.__file__).parent.parent), *filter(None, sys.path)}
    with write(tmp_path / "model.pt") as archive:
        names = archive.namelist()
        contents = [archive.read(name) for name in names]
    for name, content in zip(names, contents, strict=True):
        assert not any(folder.encode() in content for folder in folders), name
    records = [c for n, c in zip(names, contents, strict=True) if n.endswith(".debug_pkl")]
    texts = {str(arg) for record in records for _, arg, _ in pickletools.genops(record)}
    assert "pf_fairseq/runtime/early_exit.py" in texts, "errors still name file and line"


def test_an_error_still_shows_the_source(tmp_path: Path) -> None:
    write(tmp_path / "model.pt").close()
    module = torch.jit.load(tmp_path / "model.pt")
    try:
        module(torch.zeros(2, 2))
    except Exception as error:
        assert "pf_fairseq/runtime/" in str(error) and "must be int64" in str(error)


def test_storages_are_aligned_for_mapping(tmp_path: Path) -> None:
    content = (tmp_path / "model.pt").read_bytes() if write(tmp_path / "model.pt") else b""
    with zipfile.ZipFile(tmp_path / "model.pt") as archive:
        for entry in archive.infolist():
            if "/data/" in entry.filename:
                header = content[entry.header_offset : entry.header_offset + 30]
                n_name, n_extra = (int.from_bytes(header[k : k + 2], "little") for k in (26, 28))
                assert (entry.header_offset + 30 + n_name + n_extra) % 64 == 0
