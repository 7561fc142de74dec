"""Choosing exits, against a walk up the layers, sentence by sentence."""

import math
import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pf_fairseq.exiting.policy import checked_layers, choose_exits, distance_to_parameter
from tests.exiting.scores import scores_of, turned
from tests.reference.exiting import exit_of


@given(data=st.data())
def test_matches_a_walk_up_the_layers(data: st.DataObject) -> None:
    n_layers = data.draw(st.integers(1, 7))
    row = st.lists(st.floats(0, 1, width=32), min_size=n_layers, max_size=n_layers)
    entropies = data.draw(st.lists(row, min_size=1, max_size=6))
    first = data.draw(st.integers(1, n_layers))
    interval = data.draw(st.integers(1, 3))
    threshold = data.draw(st.sampled_from([0.0, *entropies[0]]) | st.floats(-1, 2, width=32))
    scores = scores_of(torch.tensor(entropies), min_exit_layer=first, check_interval=interval)
    found = choose_exits(scores, threshold)
    checked = list(range(first, n_layers, interval))
    assert found.tolist() == [exit_of(row, threshold, checked) for row in entropies]
    assert found.dtype == torch.int64


def test_an_entropy_equal_to_the_threshold_goes_on() -> None:
    entropies = torch.tensor([[0.5, 0.25, 0.9]])
    assert choose_exits(scores_of(entropies), 0.5).tolist() == [2]
    assert choose_exits(scores_of(entropies), 0.25).tolist() == [3]


@pytest.mark.parametrize("threshold", [0.0, -1.0, float("-inf")])
def test_no_threshold_of_zero_or_less_exits_early(threshold: float) -> None:
    assert choose_exits(scores_of(torch.zeros(2, 4)), threshold).tolist() == [4, 4]


def test_infinity_exits_at_the_first_checked_layer() -> None:
    entropies = torch.rand(3, 6)
    assert choose_exits(scores_of(entropies), float("inf")).tolist() == [1, 1, 1]
    assert choose_exits(scores_of(entropies, min_exit_layer=3), float("inf")).tolist() == [3, 3, 3]


def test_nan_entropy_never_exits_early() -> None:
    assert choose_exits(scores_of(torch.full((1, 3), torch.nan)), 9.0).tolist() == [3]


def test_checked_layers_skip_the_last() -> None:
    assert checked_layers(6) == [1, 2, 3, 4, 5]
    assert checked_layers(6, min_exit_layer=2, check_interval=2) == [2, 4]
    assert checked_layers(6, min_exit_layer=6) == []
    assert checked_layers(1) == []


@pytest.mark.parametrize("first", [0, 7])
def test_rejects_a_first_layer_out_of_range(first: int) -> None:
    message = f"must lie between 1 and the number of layers, 6, but is {first} instead"
    with pytest.raises(ValueError, match=re.escape(message)):
        checked_layers(6, min_exit_layer=first)


def test_rejects_an_interval_of_zero() -> None:
    with pytest.raises(ValueError, match="`check_interval` must be at least 1, but is 0"):
        checked_layers(6, check_interval=0)


def test_rejects_a_nan_threshold() -> None:
    with pytest.raises(ValueError, match="but is NaN instead"):
        choose_exits(scores_of(torch.rand(1, 2)), float("nan"))


def test_distance_is_to_the_nearest_score_on_the_way() -> None:
    entropies = torch.tensor([[0.5, 0.125, 0.25], [0.25, 0.3125, 0.3], [0.9, 0.9, 0.3]])
    scores = scores_of(entropies)  # the last exit is never compared
    assert distance_to_parameter(scores, 0.3125).tolist()[:2] == [0.1875, 0.0625]
    assert distance_to_parameter(scores, 0.3).tolist()[2] == pytest.approx(0.6)
    mirrored = distance_to_parameter(turned(scores), -0.3125)
    assert torch.equal(mirrored, distance_to_parameter(scores, 0.3125))


def test_every_distance_is_infinite_where_nobody_leaves_early() -> None:
    assert distance_to_parameter(scores_of(torch.zeros(2, 3)), 0.0).tolist() == [math.inf] * 2
    assert distance_to_parameter(scores_of(torch.zeros(2, 1)), 1.0).tolist() == [math.inf] * 2
