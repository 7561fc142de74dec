"""The self-contained archive: a scripted module with its metadata and tokenizer."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import torch

from pf_fairseq.artefact.metadata import ArchiveMetadata
from pf_fairseq.errors import InputError
from pf_fairseq.files import ZIP_ERRORS, atomic_path, is_torchscript
from pf_fairseq.runtime.early_exit import EarlyExitRuntime

METADATA_NAME = "metadata.json"


@dataclass(frozen=True)
class Archive:
    """A loaded archive; `files` are the tokenizer's own, name to content."""

    module: torch.jit.ScriptModule
    metadata: ArchiveMetadata
    files: dict[str, bytes]


def save_archive(
    runtime: EarlyExitRuntime, metadata: ArchiveMetadata, files: dict[str, bytes], path: Path
) -> None:
    """Script `runtime` and write it with its metadata and the tokenizer's files, in one step."""
    # Without gradients the optimiser of TorchScript has no need to split the graph for autograd.
    module = torch.jit.script(runtime.eval().requires_grad_(False))
    extra: dict[str, str | bytes] = {METADATA_NAME: metadata.to_json(), **files}
    # To a stream: given a path, torch would write the temporary name into the archive.
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        torch.jit.save(module, stream, _extra_files=extra)


def load_archive(path: Path, device: str = "cpu") -> Archive:
    """Load an archive that `export/script.py` wrote.

    Raises:
        InputError: if it cannot be read, is not ours, or is newer than this version.
    """
    if not path.is_file():
        raise InputError(f"archive `{path}` does not exist; give what `export/script.py` wrote.")
    if not is_torchscript(path) or not _is_whole(path):
        raise InputError(
            f"`{path}` is damaged or no TorchScript archive; export it again with "
            f"`python export/script.py`."
        )
    text = _read_extra(path, [METADATA_NAME])[METADATA_NAME].decode("utf-8", errors="replace")
    metadata = ArchiveMetadata.from_json(text, str(path))
    try:
        module = torch.jit.load(str(path), map_location=device)  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        raise InputError(
            f"archive `{path}` cannot be loaded ({str(error).strip().splitlines()[-1]}); "
            f"export it again with this version of torch ({torch.__version__})."
        ) from error
    names = metadata.tokenizer.files if metadata.tokenizer is not None else []
    return Archive(module, metadata, _read_extra(path, names))


def _is_whole(path: Path) -> bool:
    # torch does not compare checksums: it would take a flipped bit in a weight for a weight.
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except ZIP_ERRORS:
        return False


def _read_extra(path: Path, names: list[str]) -> dict[str, bytes]:
    found = dict.fromkeys(names, b"")
    with zipfile.ZipFile(path) as archive:
        for entry in archive.namelist():
            _, _, inner = entry.partition("/extra/")
            if inner in found:
                found[inner] = archive.read(entry)
    return found
