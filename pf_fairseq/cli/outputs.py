"""What a command is to write, checked before the long work: where it lies, and over what."""

import os
from collections.abc import Mapping
from pathlib import Path

from pf_fairseq.errors import InputError
from pf_fairseq.files import check_replaceable


def check_not_an_input(
    output: Path, inputs: Mapping[str, Path | None], *, folder: bool = False
) -> None:
    """Refuse an output that would be written over an input, however either path is spelled.

    Args:
        output: the file or folder that will be written, which need not be there yet.
        inputs: what the command reads, by the flag that names it; None: not given.
        folder: whether `output` is a folder of its own that is replaced whole. Then it may lie
            beside the files of an input's folder, but no input may lie in it.

    Raises:
        InputError: naming the input.
    """
    written = _ancestry(output)
    for flag, path in inputs.items():
        if path is None:
            continue
        read = _ancestry(path)
        if read[0] == written[0]:
            what = "is"
        elif read[0] in written and not folder:
            what = "lies in"
        elif written[0] in read and folder:
            what = "would be replaced and with it"
        else:
            continue
        raise InputError(
            f"`--output` `{output}` {what} an input of the same command, `{flag}` `{path}`; "
            "nothing was touched, choose another output path."
        )


def check_output_file(path: Path) -> None:
    """Refuse a file that cannot be written, before the long work instead of after it.

    Raises:
        InputError: if what stands there is no file to replace, or its folder may not be written.
    """
    check_replaceable(path)
    check_output_folder(path.parent)


def check_output_folder(folder: Path) -> None:
    """Refuse a folder that cannot be written.

    Raises:
        InputError: if it is no folder or may not be written.
    """
    folder = folder.absolute()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not existing.is_dir():
        raise InputError(f"`{existing}` is a file, but a folder is to be written there.")
    if not os.access(existing, os.W_OK):
        raise InputError(f"`{existing}` may not be written; choose another output folder.")


def _ancestry(path: Path) -> list[tuple[int, int] | str]:
    """Identify a path and all folders above it: by inode what is there, by name what is not."""
    real = Path(os.path.realpath(path))
    identities: list[tuple[int, int] | str] = []
    for each in (real, *real.parents):
        try:
            status = each.stat()
            identities.append((status.st_dev, status.st_ino))
        except OSError:
            identities.append(str(each))
    return identities
