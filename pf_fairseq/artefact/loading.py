"""Read an archive, from one opening of its file, and check it before it serves."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pf_fairseq.artefact.metadata import ArchiveMetadata
from pf_fairseq.artefact.saving import METADATA_NAME
from pf_fairseq.errors import InputError
from pf_fairseq.files import ZIP_ERRORS
from pf_fairseq.runtime.lowering import DTYPES

FOLDER_ATTRIBUTE = 0x10  # of DOS, in the low byte of an entry's external attributes
MOST_INFLATED = 1 << 28  # bytes; what torch compresses is code, which is small


@dataclass(frozen=True)
class Archive:
    """A loaded archive; `files` are the tokenizer's own, name to content."""

    module: torch.jit.ScriptModule
    metadata: ArchiveMetadata
    files: dict[str, bytes]


def load_archive(path: Path, device: str | torch.device = "cpu") -> Archive:
    """Load an archive that `pf-fairseq export` wrote.

    The file is read once, so that nothing of another one is mixed in if it is replaced meanwhile.

    Raises:
        InputError: if it cannot be read, is damaged, not ours, newer than this version, or its
            module does not give what its metadata says.
    """
    if not path.is_file():
        raise InputError(f"archive `{path}` does not exist; give what `pf-fairseq export` wrote.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"archive `{path}` cannot be read ({error.strerror}).") from error
    extra = _read_extra(content, path)
    if METADATA_NAME not in extra:
        raise InputError(
            f"archive `{path}` has no readable metadata.json (there is none); export it again with "
            "`pf-fairseq export`."
        )
    metadata = ArchiveMetadata.from_json(extra[METADATA_NAME], str(path))
    names = metadata.tokenizer.files if metadata.tokenizer is not None else []
    missing = [name for name in names if name not in extra]
    if missing:
        raise InputError(
            f"archive `{path}` names the tokenizer's file {missing[0]!r}, but does not hold it; "
            "export it again."
        )
    module = _load_module(content, path, device)
    check_module(module, metadata, str(path), device)
    return Archive(module, metadata, {name: extra[name] for name in names})


def _read_extra(content: bytes, path: Path) -> dict[str, bytes]:
    """Compare every entry's checksum, which torch does not, and read the extra files."""
    found: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            packed = [e.file_size for e in entries if e.compress_type != zipfile.ZIP_STORED]
            is_script = any("/code/" in entry.filename for entry in entries)
            # torch's reader takes an entry with a folder's attribute for empty, and fills what it
            # should hold with whatever is in memory.
            is_folder = any(entry.external_attr & FOLDER_ATTRIBUTE for entry in entries)
            too_large = sum(packed) > MOST_INFLATED
            if not is_script or is_folder or too_large or archive.testzip() is not None:
                raise zipfile.BadZipFile
            for entry in entries:
                _, _, name = entry.filename.partition("/extra/")
                if name:
                    found[name] = archive.read(entry)
    except ZIP_ERRORS as error:
        raise InputError(
            f"`{path}` is damaged or no TorchScript archive; export it again with "
            f"`pf-fairseq export`."
        ) from error
    return found


def _load_module(content: bytes, path: Path, device: str | torch.device) -> torch.jit.ScriptModule:
    try:
        module: torch.jit.ScriptModule = torch.jit.load(  # type: ignore[no-untyped-call]
            io.BytesIO(content), map_location=device
        )
    except RuntimeError as error:
        raise InputError(
            f"archive `{path}` cannot be loaded ({_last_line(error)}); export it again with this "
            f"version of torch ({torch.__version__})."
        ) from error
    return module


def check_module(
    module: Any, metadata: ArchiveMetadata, source: str, device: str | torch.device
) -> None:
    """Let the module answer one row, and compare what comes with the metadata.

    Raises:
        InputError: naming what differs.
    """
    check_default_dtype(metadata, source)
    dtype = DTYPES.get(metadata.dtype)
    held = {p.dtype for p in module.parameters() if p.is_floating_point()}
    if dtype is not None and held and dtype not in held:
        raise _contradiction(source, f"`dtype` {metadata.dtype}, but the weights are {held.pop()}")
    row = torch.tensor([[metadata.init_token, metadata.special_tokens["eos"]]], device=device)
    never = torch.tensor(metadata.policy.never, dtype=torch.float32, device="cpu")
    n_classes, n_layers = len(metadata.labels), metadata.n_layers
    try:
        with torch.inference_mode():
            answers = [module(row, never), module(row)]
            chosen = torch.tensor(metadata.default_threshold, dtype=torch.float32, device="cpu")
            answers.append(module(row, chosen))
            shapes = [_shapes(answer) for answer in answers]
            every = module.exit_logits(row) if metadata.format_version > 1 else None
            recorded = module.record_exits(row) if hasattr(module, "record_exits") else None
    except (RuntimeError, AttributeError, TypeError, ValueError) as error:
        raise _contradiction(
            source, f"a module that cannot answer ({_last_line(error)})"
        ) from error
    wanted = [((1, n_classes), torch.float32), ((1,), torch.int64), ((1,), torch.float32)]
    if any(found != wanted for found in shapes):
        raise _contradiction(source, f"{n_classes} labels, but the module returns {shapes[0]}")
    if every is not None and (tuple(every.shape), every.dtype) != (
        (1, n_layers, n_classes),
        torch.float32,
    ):
        raise _contradiction(
            source,
            f"{n_layers} layers and {n_classes} labels, but exit_logits gives {tuple(every.shape)}",
        )
    of_exits = None if recorded is None else [shape[:2] for shape, _ in _shapes(recorded)]
    if of_exits is not None and of_exits != [(1, n_layers)] * 2:
        raise _contradiction(source, f"{n_layers} layers, but record_exits gives {of_exits}")
    full_depth, by_default, at_default = (int(answer[1]) for answer in answers)
    if full_depth != n_layers:
        raise _contradiction(
            source,
            f"{n_layers} layers, but at the parameter {metadata.policy.never:g}, at which "
            f"no sentence leaves early, one leaves at {full_depth}",
        )
    if by_default != at_default:
        raise _contradiction(
            source,
            f"the default threshold {metadata.default_threshold:g}, but the module has another",
        )


def check_default_dtype(metadata: ArchiveMetadata, source: str) -> None:
    """Refuse to run an archive of format 1 where it cannot: its code makes tensors of no dtype.

    Raises:
        InputError: naming the process's default dtype.
    """
    found = torch.get_default_dtype()
    if metadata.format_version == 1 and found != torch.float32:
        raise InputError(
            f"archive `{source}` has format 1, which needs the process's default dtype to be "
            f"float32, but it is {str(found).removeprefix('torch.')}; export it again."
        )


def _shapes(answer: Any) -> list[tuple[tuple[int, ...], torch.dtype]]:
    tensors = [each for each in answer if isinstance(each, Tensor)]
    return [(tuple(tensor.shape), tensor.dtype) for tensor in tensors]


def _contradiction(source: str, what: str) -> InputError:
    return InputError(
        f"archive `{source}` contradicts itself: its metadata has {what}; export it again."
    )


def _last_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1][:200] if lines else type(error).__name__
