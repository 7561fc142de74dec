"""How far two computations of one number may lie apart: every tolerance once, with its reason."""

REFERENCE = {"atol": 2e-5, "rtol": 2e-5}  # fp32 in another order against fp64 loops
SCRIPTED = {"atol": 1e-6, "rtol": 1e-5}  # same kernels, fused or ordered otherwise
