"""How far two computations of one number may lie apart: every tolerance once, with its reason."""

from typing import TypedDict

import torch


class Tolerance(TypedDict):
    """What `assert_close` allows: absolute, and relative to the expected value."""

    atol: float
    rtol: float


REFERENCE: Tolerance = {"atol": 2e-5, "rtol": 2e-5}  # fp32 in another order against fp64 loops
SCRIPTED: Tolerance = {"atol": 1e-6, "rtol": 1e-5}  # same kernels, fused or ordered otherwise
BATCHED: Tolerance = {
    "atol": 2e-5,
    "rtol": 2e-5,
}  # other blocks in products, attention masked or not
CONVERTED: Tolerance = {"atol": 1e-5, "rtol": 1e-5}  # transformers' kernels in another order, fp32
GPU: Tolerance = {"atol": 1e-3, "rtol": 1e-3}  # another library's sums, possibly in TF32
GRADIENT: Tolerance = {"atol": 5e-5, "rtol": 5e-5}  # fp32 sums over all exits against fp64 loops
# 10 and 7 bits of mantissa, rounded at each of the few steps to a number of order 1.
HALF: dict[torch.dtype, Tolerance] = {
    torch.float16: {"atol": 5e-3, "rtol": 5e-3},
    torch.bfloat16: {"atol": 4e-2, "rtol": 4e-2},
}
HALF_DEEP: dict[torch.dtype, Tolerance] = {  # the same after five layers, for logits of order 10
    torch.float16: {"atol": 5e-2, "rtol": 2e-2},
    torch.bfloat16: {"atol": 2e-1, "rtol": 1e-1},
}
EXIT_MARGIN = 1e-4  # nats: no entropy this close to the threshold where exits are compared
