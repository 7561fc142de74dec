"""How TorchScript runs a graph in this process."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch


def use_simple_executor() -> None:
    """Turn off profiling runs, for this process.

    TorchScript's profiling executor records shapes in the first calls and then compiles for them,
    again for each new shape: with sentences of all lengths that costs seconds and gains nothing
    here. The mode belongs to the process and not to an archive; it can only be set from outside.
    """
    torch._C._jit_set_profiling_executor(True)
    torch._C._jit_set_profiling_mode(False)


def without_autocast(device: torch.device) -> AbstractContextManager[Any]:
    """Turn off the caller's autocast, which would also act inside TorchScript."""
    if not torch.amp.is_autocast_available(device.type):
        return nullcontext()
    return torch.autocast(device.type, enabled=False)


@contextmanager
def torch_defaults() -> Iterator[None]:
    """Make modules in fp32 on the CPU, whatever the process has as its defaults.

    The default dtype is the whole process's: other threads that make tensors meanwhile see it.
    """
    dtype = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with torch.device("cpu"):
            yield
    finally:
        torch.set_default_dtype(dtype)
