"""Runs of fairseq's commands that several tests look at."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from tests.fairseq.commands import Run, train

N_EPOCHS = 8


@dataclass(frozen=True)
class Training:
    """A finished training: what it logged, and the folder with its checkpoints."""

    run: Run
    folder: Path
    data: Path


@pytest.fixture(scope="session")
def training(tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Training:
    """Eight epochs on the CPU, the best checkpoint chosen by the accuracy at 2x."""
    folder = tmp_path_factory.mktemp("training") / "checkpoints"
    choice = ["--best-checkpoint-metric", "accuracy_at_2x", "--maximize-best-checkpoint-metric"]
    flags = ["--imitation-weight", "0.02", "--seed", "3", "--max-epoch", str(N_EPOCHS)]
    return Training(train(tiny_data, folder, *flags, *choice), folder, tiny_data)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny models are fastest with one thread, and commands may run beside the test."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)
