"""Tests of a file neither feel nor leave behind the settings of the process."""

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Seed torch before each test."""
    torch.manual_seed(0)


@pytest.fixture(autouse=True, scope="module")
def process_settings() -> Iterator[None]:
    """One thread within an operation, which is fastest for tiny models, and torch's executor."""
    n_threads, profiling = torch.get_num_threads(), torch._C._jit_set_profiling_mode(True)
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)
    torch._C._jit_set_profiling_mode(profiling)
