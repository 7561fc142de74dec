"""Write an archive: a scripted module with its metadata and the tokenizer's files."""

import copy
import io
import os
import pickletools
import sys
import zipfile
from pathlib import Path

import torch

import pf_fairseq
from pf_fairseq.artefact.metadata import ArchiveMetadata
from pf_fairseq.files import atomic_path
from pf_fairseq.runtime.early_exit import EarlyExitRuntime

METADATA_NAME = "metadata.json"
_DEBUG_SUFFIX = ".debug_pkl"
_WRITTEN_BY_TORCH = ("version", "byteorder", ".data/serialization_id")


def save_archive(
    runtime: EarlyExitRuntime, metadata: ArchiveMetadata, files: dict[str, bytes], path: Path
) -> None:
    """Script `runtime` and write it with its metadata and the tokenizer's files, in one step.

    Storages lie on the CPU whatever the runtime's device, so that a host without a GPU reads them;
    source paths of this machine are left out of what torch records for error messages.
    """
    if any(not parameter.is_cpu for parameter in runtime.parameters()):
        runtime = copy.deepcopy(runtime).cpu()
    # Without gradients the optimiser of TorchScript has no need to split the graph for autograd.
    module = torch.jit.script(runtime.eval().requires_grad_(False))
    extra: dict[str, str | bytes] = {METADATA_NAME: metadata.to_json(), **files}
    stream = io.BytesIO()
    torch.jit.save(module, stream, _extra_files=extra)
    content = _without_source_paths(stream)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def _without_source_paths(stream: io.BytesIO) -> bytes:
    """Write the archive anew with the paths in its debug records made relative."""
    written = io.BytesIO()
    writer = torch._C.PyTorchFileWriter(written)
    with zipfile.ZipFile(stream) as archive:
        for entry in archive.infolist():
            _, _, name = entry.filename.partition("/")
            if name in _WRITTEN_BY_TORCH:
                continue
            record = archive.read(entry)
            if name.endswith(_DEBUG_SUFFIX):
                record = _shorten_paths(record)
            writer.write_record(name, record, len(record))
    writer.write_end_of_file()
    return written.getvalue()


def _shorten_paths(record: bytes) -> bytes:
    """Shorten every text of a pickle that is the absolute path of a Python file."""
    pieces, copied = [], 0
    for opcode, argument, position in pickletools.genops(record):
        if opcode.name != "BINUNICODE" or not _is_source_path(argument) or position is None:
            continue
        old, new = str(argument).encode(), _relative(str(argument)).encode()
        start = position + 1  # behind the opcode: four bytes of length, then the text
        pieces += [record[copied:start], len(new).to_bytes(4, "little"), new]
        copied = start + 4 + len(old)
    return b"".join([*pieces, record[copied:]])


def _is_source_path(text: object) -> bool:
    return isinstance(text, str) and os.path.isabs(text) and text.endswith(".py")


def _relative(path: str) -> str:
    """The path from the folder that its package is imported from; else the file's name."""
    ours = str(Path(pf_fairseq.__file__).parent.parent)
    for folder in sorted({ours, *sys.path}, key=len, reverse=True):
        if folder and path.startswith(folder + os.sep):
            return Path(path).relative_to(folder).as_posix()
    return Path(path).name
