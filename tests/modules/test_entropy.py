"""Entropy in nats, also where probabilities underflow."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from pf_fairseq.modules.entropy import exit_entropy
from tests.reference.exiting import entropy
from tests.tolerances import HALF, REFERENCE

LOGITS = st.lists(st.floats(-1e4, 1e4, width=32), min_size=2, max_size=6)


@given(LOGITS)
def test_matches_the_equation_whatever_the_logits(logits: list[float]) -> None:
    found = exit_entropy(torch.tensor([logits]))
    assert_close(found.double(), torch.tensor([entropy(logits)]).double(), **REFERENCE)
    assert 0 <= float(found) <= math.log(len(logits)) + REFERENCE["atol"]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_a_probability_of_zero_is_no_nan(dtype: torch.dtype) -> None:
    logits = torch.tensor([[60000.0, -60000.0, 0.0], [200.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    found = exit_entropy(logits.to(dtype))
    assert found.dtype == torch.float32
    assert_close(found, torch.tensor([0.0, 0.0, math.log(3)]), **REFERENCE)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_is_exact_up_to_its_logits(dtype: torch.dtype) -> None:
    logits = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(exit_entropy(logits.to(dtype)), exit_entropy(logits.to(dtype).float()))
    assert_close(exit_entropy(logits.to(dtype)), exit_entropy(logits), **HALF[dtype])


def test_any_leading_shape_and_script() -> None:
    logits = torch.randn(2, 5, 3)
    scripted = torch.jit.script(exit_entropy)
    assert exit_entropy(logits).shape == (2, 5)
    assert torch.equal(scripted(logits), exit_entropy(logits))
