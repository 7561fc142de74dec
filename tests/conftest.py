"""Fixtures for real data, which tests use where it is at hand and skip without."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

# Behind site-packages: `tests.reference` is found, and an installed pf_fairseq still comes first.
sys.path.append(str(Path(__file__).parent.parent))

# Tiny tensors: a second thread costs more than it gives, and all the more on a busy machine.
torch.set_num_threads(1)


@dataclass(frozen=True)
class TinyCheckpoint:
    """A trained model and the data-bin that it was trained on."""

    path: Path
    data: Path


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


@pytest.fixture(scope="session")
def pretrained_dir() -> Path:
    """Hugging Face folder of a real encoder."""
    return _folder("PF_PRETRAINED_DIR")


@pytest.fixture(scope="session")
def mpnet_dir() -> Path:
    """Hugging Face folder of all-mpnet-base-v2."""
    return _folder("PF_MPNET_DIR")


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data-bin of 200 train and 60 valid sentences of 2 classes, with a tokenizer of its own."""
    from tests.tiny_data import make_data_bin  # not at the top: only now is the root on sys.path

    return make_data_bin(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def tiny_pair_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The like of `tiny_data` whose inputs are two sentences."""
    from tests.tiny_data import make_data_bin

    return make_data_bin(tmp_path_factory.mktemp("tiny_pair"), pair=True)


@pytest.fixture(scope="session")
def tiny_checkpoint(tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> TinyCheckpoint:
    """A past-future RoBERTa of 4 layers x 32 that `fairseq-train` trained on `tiny_data`.

    Its `path` is the checkpoint, its `data` the data-bin. It is sure of many sentences, unsure of
    others, and so leaves at every exit.
    """
    from tests.fairseq.commands import train

    folder = tmp_path_factory.mktemp("tiny_checkpoint") / "checkpoints"
    # With it detached, all exits of so small a model become very sure at once.
    flags = ["--no-detach-imitation", "--imitation-weight", "0.02"]
    flags += ["--max-update", "130", "--seed", "3"]
    train(tiny_data, folder, *flags, "--validate-interval", "100", "--no-epoch-checkpoints")
    return TinyCheckpoint(path=folder / "checkpoint_last.pt", data=tiny_data)
