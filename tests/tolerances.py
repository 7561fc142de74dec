"""How far two computations of one number may lie apart: every tolerance once, with its reason."""

import torch

REFERENCE = {"atol": 2e-5, "rtol": 2e-5}  # fp32 in another order against fp64 loops
SCRIPTED = {"atol": 1e-6, "rtol": 1e-5}  # same kernels, fused or ordered otherwise
GRADIENT = {"atol": 5e-5, "rtol": 5e-5}  # fp32 sums over all exits against fp64 loops
HALF = {  # 10 and 7 bits of mantissa, rounded at each of the few steps to a logit of order 1
    torch.float16: {"atol": 2e-2, "rtol": 5e-3},
    torch.bfloat16: {"atol": 1.5e-1, "rtol": 4e-2},
}
