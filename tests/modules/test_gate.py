"""The gate against Eq. (7) for one sentence and one exit."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from pf_fairseq.modules.gate import MergingGate
from tests.modules.random_weights import randomise
from tests.reference.exits import gate
from tests.tolerances import REFERENCE

N_LAYERS, WIDTH = 5, 7


@pytest.mark.parametrize("scripted", [False, True], ids=["eager", "scripted"])
def test_matches_the_equation(scripted: bool) -> None:
    module = MergingGate(WIDTH, N_LAYERS)
    randomise(module)
    parameters = {f"gate.{name}": p.detach().double() for name, p in module.named_parameters()}
    inputs = torch.randn(3, N_LAYERS - 1, WIDTH)
    alpha = (torch.jit.script(module) if scripted else module)(inputs)
    assert alpha.shape == (3, N_LAYERS - 1, 1)
    for i in range(1, N_LAYERS):
        for sentence in range(3):
            expected = gate(inputs[sentence, i - 1].double(), i, parameters)
            assert_close(alpha[sentence, i - 1, 0].double(), expected, **REFERENCE)


def test_starts_half_and_half() -> None:
    inputs = torch.randn(2, N_LAYERS - 1, WIDTH)
    assert torch.equal(MergingGate(WIDTH, N_LAYERS)(inputs), torch.full((2, N_LAYERS - 1, 1), 0.5))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_saturates_without_nan_in_half_precision(sign: float, dtype: torch.dtype) -> None:
    module = MergingGate(WIDTH, N_LAYERS).to(dtype)
    nn.init.constant_(module.weight, 1000.0)
    alpha = module(torch.full((1, N_LAYERS - 1, WIDTH), sign * 1000, dtype=dtype))
    assert torch.equal(alpha, torch.full_like(alpha, (1 + sign) / 2))
