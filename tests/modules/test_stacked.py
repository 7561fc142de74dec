"""Stacked linear layers against separate ones."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from pf_fairseq.modules.stacked import StackedLinear
from tests.modules.random_weights import randomise
from tests.tolerances import SCRIPTED


def separate_layers(stacked: StackedLinear) -> list[nn.Linear]:
    layers = []
    for weight, bias in zip(stacked.weight, stacked.bias, strict=True):
        linear = nn.Linear(weight.size(1), weight.size(0))
        linear.load_state_dict({"weight": weight, "bias": bias})
        layers.append(linear)
    return layers


@pytest.mark.parametrize("n_used", [1, 3, 4])
def test_each_layer_is_a_linear_of_its_own(n_used: int) -> None:
    stacked = StackedLinear(4, 5, 3)
    randomise(stacked)
    inputs = torch.randn(2, n_used, 5)
    found = stacked(inputs)
    assert found.shape == (2, n_used, 3)
    for layer, linear in enumerate(separate_layers(stacked)[:n_used], start=1):
        expected = linear(inputs[:, layer - 1])
        assert_close(found[:, layer - 1], expected, **SCRIPTED)
