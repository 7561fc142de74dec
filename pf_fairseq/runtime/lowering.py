"""The runtime in another dtype than it was trained in."""

import copy

import torch

from pf_fairseq.runtime.early_exit import EarlyExitRuntime

FLOAT32 = "float32"
DTYPES = {FLOAT32: torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def lower(runtime: EarlyExitRuntime, dtype: str) -> EarlyExitRuntime:
    """Let encoder and exits compute in `dtype`.

    What an exit sums over the layers, and the products that give labels, stay in fp32: they are
    small, and a logit rounded to the 8 bits of bfloat16 would make steps of every score. The face
    is the same, fp32 outputs included.

    Args:
        runtime: in fp32; left as it is.
        dtype: one of `DTYPES`.

    Returns:
        `runtime` itself for fp32, else a copy.
    """
    if dtype == FLOAT32:
        return runtime
    lowered = copy.deepcopy(runtime)
    lowered.core.encoder.to(DTYPES[dtype])
    lowered.core.exits.lower(DTYPES[dtype])
    return lowered
