"""The gate against Eq. (7) for one sentence and one exit."""

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from pf_fairseq.modules.gate import MergingGate
from tests.modules.random_weights import randomise
from tests.reference.exits import gate
from tests.tolerances import REFERENCE

N_LAYERS, WIDTH = 5, 7


class OneByOne(nn.Module):
    """Makes `at` what a script runs."""

    def __init__(self, gate: MergingGate) -> None:
        super().__init__()
        self.gate = gate

    def forward(self, inputs: Tensor, exit_layer: int) -> Tensor:
        return self.gate.at(inputs, exit_layer)


@pytest.mark.parametrize("scripted", [False, True], ids=["eager", "scripted"])
def test_both_faces_match_the_equation(scripted: bool) -> None:
    module = MergingGate(WIDTH, N_LAYERS)
    randomise(module)
    parameters = {f"gate.{name}": p.detach().double() for name, p in module.named_parameters()}
    inputs = torch.randn(3, N_LAYERS - 1, WIDTH)
    at_once, one_by_one = module, OneByOne(module)
    if scripted:
        at_once, one_by_one = torch.jit.script(module), torch.jit.script(one_by_one)
    alpha = at_once(inputs)
    assert alpha.shape == (3, N_LAYERS - 1, 1)
    for i in range(1, N_LAYERS):
        at_exit = one_by_one(inputs[:, i - 1], i)
        for sentence in range(3):
            expected = gate(inputs[sentence, i - 1].double(), i, parameters)
            assert_close(alpha[sentence, i - 1, 0].double(), expected, **REFERENCE)
            assert_close(at_exit[sentence, 0].double(), expected, **REFERENCE)


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
