"""Indexed data sets there and back, in the widths and kinds that fairseq knows."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pf_fairseq.errors import InputError
from pf_fairseq.text.indexed import read_indexed, write_indexed
from tests.text import fairseq_reference  # noqa: F401  imports fairseq without its warnings

ROWS = [[4, 5, 6], [7], [], [65_000, 4]]


@pytest.mark.parametrize(("vocab_size", "dtype"), [(65_499, np.uint16), (65_500, np.uint32)])
def test_reads_what_it_wrote(vocab_size: int, dtype: type, tmp_path: Path) -> None:
    from fairseq.data.indexed_dataset import MMapIndexedDataset

    prefixes = [tmp_path / "first", tmp_path / "second"]
    write_indexed(prefixes, ((row, [9]) for row in ROWS), vocab_size=vocab_size)
    assert read_indexed(prefixes[0]) == [[*row, 2] for row in ROWS]
    assert read_indexed(prefixes[1]) == [[9, 2]] * len(ROWS)
    dataset = MMapIndexedDataset(str(prefixes[0]))
    assert dataset._index.dtype == dtype
    assert dataset.sizes.tolist() == [4, 2, 1, 3]


def test_reads_fairseqs_older_kind(tmp_path: Path) -> None:
    from fairseq.data.indexed_dataset import make_builder

    builder = make_builder(str(tmp_path / "old.bin"), "cached")
    for row in ROWS:
        builder.add_item(torch.tensor([*row, 2]))
    builder.finalize(str(tmp_path / "old.idx"))
    assert read_indexed(tmp_path / "old") == [[*row, 2] for row in ROWS]


def test_missing_data_set_is_none(tmp_path: Path) -> None:
    assert read_indexed(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    ("suffix", "size"),
    [("idx", 0), ("idx", 5), ("idx", 12), ("idx", 40), ("idx", 70), ("bin", 0), ("bin", 8)],
)
def test_cut_files_are_refused(suffix: str, size: int, tmp_path: Path) -> None:
    write_indexed([tmp_path / "cut"], ([row] for row in ROWS), vocab_size=100_000)
    path = tmp_path / f"cut.{suffix}"
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(InputError, match="cut.bin` and `.idx` cannot be read"):
        read_indexed(tmp_path / "cut")
