"""Reading a checkpoint: weights only, and one sentence when it cannot be read."""

import pickle
from pathlib import Path
from typing import Any

import torch

from pf_fairseq.errors import InputError
from pf_fairseq.files import is_torchscript


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a fairseq checkpoint with torch's weights-only safety on.

    Args:
        path: a file that `fairseq-train` wrote, or an official archive's `model.pt`.

    Returns:
        its dictionary, tensors on the CPU; `"model"` is there.

    Raises:
        InputError: if the file is missing, truncated, holds code, or is no fairseq checkpoint.
    """
    if not path.is_file():
        raise InputError(f"checkpoint `{path}` does not exist; give the path of a `.pt` file.")
    if is_torchscript(path):
        raise InputError(
            f"checkpoint `{path}` is an exported archive; give the checkpoint that `fairseq-train` "
            f"wrote."
        )
    state = load_weights_only(path)
    if not isinstance(state, dict) or not isinstance(state.get("model"), dict):
        raise InputError(
            f"checkpoint `{path}` is not fairseq's: it has no `model` entry. "
            f"Give a file that `fairseq-train` wrote."
        )
    return state


def load_weights_only(path: Path) -> Any:
    """Load any file of `torch.save` with torch's weights-only safety on, tensors on the CPU.

    Raises:
        InputError: if the file is truncated, no checkpoint, or holds code.
    """
    try:
        # Mapped rather than read: a checkpoint is looked at more often than it is used.
        return torch.load(path, map_location="cpu", weights_only=True, mmap=_is_zip(path))
    except pickle.UnpicklingError as error:
        raise InputError(
            f"checkpoint `{path}` is truncated, no checkpoint, or holds something else than "
            f"weights and plain values, which is not loaded because it could run code "
            f"({_first_line(error)})."
        ) from error
    except Exception as error:  # reading a damaged file can raise almost anything
        raise InputError(
            f"checkpoint `{path}` is truncated or no checkpoint ({_first_line(error)}); "
            f"write or copy it again."
        ) from error


def _is_zip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4) == b"PK\x03\x04"


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0][:200] or type(error).__name__
