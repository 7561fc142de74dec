"""Eq. (15) against its literal sums."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pf_fairseq.exiting.speedup import speedup_ratio
from tests.reference.exiting import speedup


@given(
    st.integers(1, 24).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(st.integers(1, n), min_size=1))
    )
)
def test_matches_the_literal_sums(case: tuple[int, list[int]]) -> None:
    n_layers, exits = case
    assert speedup_ratio(torch.tensor(exits), n_layers) == speedup(exits, n_layers)


def test_known_values() -> None:
    assert speedup_ratio(torch.tensor([12, 12]), 12) == 1
    assert speedup_ratio(torch.tensor([1, 1]), 12) == 12
    assert speedup_ratio(torch.tensor([3, 9]), 12) == 2


@pytest.mark.parametrize("exits", [[0, 3], [3, 7]])
def test_rejects_exits_that_the_model_has_not(exits: list[int]) -> None:
    message = f"must lie between 1 and `n_layers` = 6, but runs from {exits[0]} to {exits[1]}"
    with pytest.raises(ValueError, match=message):
        speedup_ratio(torch.tensor(exits), 6)


def test_rejects_no_sentences() -> None:
    with pytest.raises(ValueError, match="but is empty instead"):
        speedup_ratio(torch.empty(0, dtype=torch.int64), 6)
