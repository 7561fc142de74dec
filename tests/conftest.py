"""Fixtures for real data, which tests use where it is at hand and skip without."""

import os
import sys
from pathlib import Path

import pytest

# Behind site-packages: `tests.reference` is found, and an installed pf_fairseq still comes first.
sys.path.append(str(Path(__file__).parent.parent))


def _folder(variable: str) -> Path:
    value = os.environ.get(variable)
    if not value:
        pytest.skip(f"{variable} is not set: this test needs real data")
    path = Path(value)
    if not path.is_dir():
        pytest.skip(f"{variable}={value} is not a folder: this test needs real data")
    return path


@pytest.fixture(scope="session")
def glue_dir() -> Path:
    """Folder of GLUE in its official layout (`SST-2/train.tsv`, ...)."""
    return _folder("PF_GLUE_DIR")


@pytest.fixture(scope="session")
def tokenizers_dir() -> Path:
    """Folder with `roberta/`, `bert/`, `albert/` tokenizer files."""
    return _folder("PF_TOKENIZERS_DIR")
