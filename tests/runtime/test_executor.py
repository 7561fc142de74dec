"""The executor's mode is a property of the process."""

from collections.abc import Iterator

import pytest
import torch

from pf_fairseq.runtime.executor import use_simple_executor


@pytest.fixture(autouse=True)
def restore_modes() -> Iterator[None]:
    profiling = torch._C._jit_set_profiling_mode(True)
    executor = torch._C._jit_set_profiling_executor(True)
    yield
    torch._C._jit_set_profiling_mode(profiling)
    torch._C._jit_set_profiling_executor(executor)


def test_no_profiling_runs_afterwards() -> None:
    use_simple_executor()
    use_simple_executor()
    assert torch._C._jit_set_profiling_mode(True) is False  # gives the mode before
    assert torch._C._jit_set_profiling_executor(True) is True
