"""fairseq's indexed data sets: lists of ids in a `.bin` and an `.idx` file."""

import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch

from pf_fairseq.errors import InputError
from pf_fairseq.text.dictionary import EOS_ID

MMAP_HEADER = struct.Struct("<9sQBQ")  # magic, version, code of the dtype, number of rows
MMAP_MAGIC = b"MMIDIDX\x00\x00"


def write_indexed(
    prefixes: Sequence[Path], rows: Iterable[Sequence[list[int]]], *, vocab_size: int
) -> None:
    """Write each row's parts, each ended by eos, to one memory-mapped data set for each part.

    Args:
        prefixes: paths of the data sets, without `.bin` and `.idx`; as many as a row has parts.
        rows: ids without eos.
        vocab_size: chooses the width of the integers.
    """
    from fairseq.data.indexed_dataset import make_builder  # slow to import

    builders = [make_builder(f"{prefix}.bin", "mmap", vocab_size) for prefix in prefixes]
    for row in rows:
        for builder, ids in zip(builders, row, strict=True):
            builder.add_item(torch.tensor([*ids, EOS_ID], dtype=torch.int64))
    for prefix, builder in zip(prefixes, builders, strict=True):
        builder.finalize(f"{prefix}.idx")


def read_indexed(prefix: Path) -> list[list[int]] | None:
    """Read a data set of any kind that fairseq recognises by itself.

    Args:
        prefix: path of the data set, without `.bin` and `.idx`.

    Returns:
        The ids of each row as they stand there; none if there is no such data set.

    Raises:
        InputError: if the files are damaged.
    """
    from fairseq.data.data_utils import load_indexed_dataset  # slow to import

    try:
        _check_sizes(prefix)
        dataset = load_indexed_dataset(str(prefix))
        if dataset is None:
            return None
        if dataset.supports_prefetch:  # the kind `cached` can be read in no other way
            dataset.prefetch(range(len(dataset)))
        return [dataset[row].tolist() for row in range(len(dataset))]
    except (
        ArithmeticError,
        AssertionError,
        LookupError,
        OSError,
        RuntimeError,
        TypeError,
        ValueError,
        struct.error,
    ) as error:
        raise InputError(
            f"`{prefix}.bin` and `.idx` cannot be read ({error}); run `pf-fairseq preprocess` "
            "again."
        ) from error


def _check_sizes(prefix: Path) -> None:
    """Refuse cut files before fairseq maps them, because its clean-up then prints tracebacks."""
    from fairseq.data.indexed_dataset import _code_to_dtype

    index_path, data_path = Path(f"{prefix}.idx"), Path(f"{prefix}.bin")
    if not (index_path.is_file() and data_path.is_file()):
        return
    index = index_path.read_bytes()
    if not index.startswith(MMAP_MAGIC[:8]):  # one of fairseq's older kinds
        return
    _, _, dtype_code, n_rows = MMAP_HEADER.unpack_from(index)
    sizes = np.frombuffer(index, np.int32, n_rows, MMAP_HEADER.size)
    n_bytes = int(sizes.sum(dtype=np.int64)) * np.dtype(_code_to_dtype[dtype_code]).itemsize
    if len(index) != MMAP_HEADER.size + 12 * n_rows or data_path.stat().st_size != n_bytes:
        raise ValueError("the sizes of the two files do not fit together")
