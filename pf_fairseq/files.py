"""Files: written whole or not at all, and told apart by what is in them."""

import json
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pf_fairseq.errors import InputError

# What zipfile raises for a file that is damaged or no zip archive.
ZIP_ERRORS = (OSError, EOFError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error)


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it replaces `path` on success only.

    Raises:
        InputError: if what stands at `path` is no file to replace, or its folder cannot be created
            or written.
    """
    check_replaceable(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch()
    except OSError as error:
        raise InputError(
            f"`{path}` cannot be written ({error.strerror}); choose another output path."
        ) from error
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def check_replaceable(path: Path) -> None:
    """Refuse to replace anything but a regular file, or a link to one.

    Raises:
        InputError: if a folder, a pipe, a device or a socket stands at `path`.
    """
    if path.is_dir():
        raise InputError(f"`{path}` is a folder, but a file is to be written there; name the file.")
    if path.exists() and not path.is_file():
        raise InputError(
            f"`{path}` is a pipe, device or socket, which a file written there would replace; "
            "choose another output path."
        )


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 `text` to `path` in one step."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` in one step."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def read_json_object(path: Path, *, absent: str, damaged: str) -> dict[str, Any]:
    """Read a file that holds one JSON object.

    Args:
        path: the file.
        absent: what a person is to do where it cannot be read.
        damaged: what a person is to do where it is something else.

    Raises:
        InputError: with one of these, if it cannot be read or is something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"`{path}` cannot be read ({error.strerror}); {absent}.") from error
    except ValueError as error:  # not UTF-8 or not JSON
        raise InputError(f"`{path}` is not JSON ({error}); {damaged}.") from error
    if not isinstance(content, dict):
        raise InputError(f"`{path}` must hold a JSON object; {damaged}.")
    return content


@contextmanager
def atomic_directory(path: Path) -> Iterator[Path]:
    """Yield an empty temporary folder beside `path`; on success it takes the place of `path`.

    A folder that stands at `path` already is replaced whole, and kept if anything fails.

    Raises:
        InputError: if the parent folder cannot be written or `path` is a file.
    """
    if path.exists() and not path.is_dir():
        raise InputError(f"`{path}` is a file, but a folder is to be written there.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise InputError(
            f"`{path}` cannot be written ({error.strerror}); choose another output folder."
        ) from error
    temporary.chmod(0o755)  # mkdtemp makes it private; the result is an ordinary folder
    try:
        yield temporary
        if path.exists():
            _replace_directory(temporary, path)
        else:
            os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _replace_directory(new: Path, path: Path) -> None:
    """Let the folder `new` take the place of `path`; if it cannot, the old one comes back."""
    aside = Path(tempfile.mkdtemp(prefix=f".{path.name}.old.", dir=path.parent))
    try:
        os.replace(path, aside / path.name)
        os.replace(new, path)
    finally:
        if not path.exists():
            os.replace(aside / path.name, path)
        shutil.rmtree(aside, ignore_errors=True)


def is_torchscript(path: Path) -> bool:
    """Whether `path` is a TorchScript archive rather than a checkpoint or something else."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any("/code/" in name for name in archive.namelist())
    except ZIP_ERRORS:
        return False
