"""The sweep against naive loops over thresholds, sentences and layers."""

import time

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from pf_fairseq.exiting.curve import TOP_MARGIN, TradeOffCurve, trade_off_curve
from pf_fairseq.exiting.policy import PolicyScores, choose_exits
from pf_fairseq.exiting.speedup import speedup_ratio
from tests.exiting.scores import scores_of, turned
from tests.reference.exiting import curve as naive_curve

# ties, neighbours one float32 apart and plain numbers, as a saturated model gives them
ENTROPIES = st.sampled_from([0.0, 1e-45, 0.5, 0.5000000596046448, 0.25]) | st.floats(
    0, 0.6875, width=32
)


@st.composite
def recordings(draw: st.DrawFn) -> tuple[Tensor, Tensor]:
    """Entropies `(N, L)` and whether each exit is right."""
    n_sentences, n_layers = draw(st.integers(1, 8)), draw(st.integers(1, 6))
    size = n_sentences * n_layers
    values = draw(st.lists(ENTROPIES, min_size=size, max_size=size))
    right = draw(st.lists(st.booleans(), min_size=size, max_size=size))
    shape = (n_sentences, n_layers)
    return torch.tensor(values).view(shape), torch.tensor(right).view(shape)


@given(recording=recordings(), data=st.data())
def test_matches_naive_loops(recording: tuple[Tensor, Tensor], data: st.DataObject) -> None:
    entropies, correct = recording
    n_layers = entropies.size(1)
    first = data.draw(st.integers(1, n_layers))
    interval = data.draw(st.integers(1, 3))
    found = trade_off_curve(
        scores_of(entropies, min_exit_layer=first, check_interval=interval), correct
    )
    checked = list(range(first, n_layers, interval))
    expected = naive_curve(entropies.tolist(), correct.tolist(), checked)
    assert found.accuracy is not None
    assert found.speedup.tolist() == [speedup for _, speedup, _ in expected]
    assert found.accuracy.tolist() == [accuracy for _, _, accuracy in expected]
    thresholds = found.threshold.tolist()
    assert thresholds[:-1] == [threshold for threshold, _, _ in expected[:-1]]
    assert thresholds[-1] <= expected[-1][0]  # how far above the top is our choice


@given(recordings())
def test_every_point_is_what_its_threshold_does(recording: tuple[Tensor, Tensor]) -> None:
    entropies, correct = recording
    found = trade_off_curve(scores_of(entropies), correct)
    assert found.accuracy is not None
    for threshold, speedup, accuracy in zip(
        found.threshold.tolist(), found.speedup.tolist(), found.accuracy.tolist(), strict=True
    ):
        assert torch.tensor(threshold, dtype=torch.float32).item() == threshold
        assert threshold == 0 or not (entropies[:, :-1] == threshold).any()
        exits = choose_exits(scores_of(entropies), threshold)
        assert speedup_ratio(exits, entropies.size(1)) == speedup
        assert correct.gather(1, exits[:, None] - 1).double().mean().item() == pytest.approx(
            accuracy
        )


@given(recording=recordings(), data=st.data())
def test_a_policy_of_the_other_sign_mirrors(
    recording: tuple[Tensor, Tensor], data: st.DataObject
) -> None:
    entropies, correct = recording
    first = data.draw(st.integers(1, entropies.size(1)))
    below = scores_of(entropies, min_exit_layer=first)
    above = turned(below)
    expected, found = trade_off_curve(below, correct), trade_off_curve(above, correct)
    assert torch.equal(found.threshold, -expected.threshold)
    assert torch.equal(found.speedup, expected.speedup)
    assert found.accuracy is not None and expected.accuracy is not None
    assert torch.equal(found.accuracy, expected.accuracy)
    for parameter in found.threshold.tolist():
        assert torch.equal(choose_exits(above, parameter), choose_exits(below, -parameter))


def test_the_fastest_point_of_large_scores_is_there() -> None:
    scores = scores_of(torch.tensor([[3e7, 1.0], [5e8, 1.0]]))
    assert trade_off_curve(scores).speedup.tolist()[-1] == 2


def test_no_parameter_beyond_never_is_offered() -> None:
    values = torch.tensor([[-0.5], [-0.25], [0.5]])
    scores = PolicyScores(values, [1], 2, scores_of(values).policy)
    found = trade_off_curve(scores)  # entropy never leaves below 0: two scores do not count
    assert found.threshold[0] == 0 and bool((found.threshold[1:] > 0).all())


@given(recordings())
def test_the_last_exit_never_matters(recording: tuple[Tensor, Tensor]) -> None:
    entropies, correct = recording
    changed = entropies.clone()
    changed[:, -1] = torch.rand(entropies.size(0))
    before, after = (
        trade_off_curve(scores_of(entropies), correct),
        trade_off_curve(scores_of(changed), correct),
    )
    assert torch.equal(before.threshold, after.threshold)
    assert torch.equal(before.speedup, after.speedup)


def test_ends_are_full_depth_and_the_first_exit() -> None:
    entropies = torch.rand(50, 6)
    entropies[7, 0] = 1.0  # above all others, so nothing is left to stand midway to
    found = trade_off_curve(scores_of(entropies))
    assert (found.threshold[0], found.speedup[0]) == (0, 1)
    assert found.speedup[-1] == 6
    assert found.threshold[-1].item() == pytest.approx(1 + TOP_MARGIN, abs=1e-6)
    assert found.accuracy is None


def test_nan_entropies_never_leave() -> None:
    entropies = torch.tensor([[torch.nan, torch.nan, 0.1], [0.2, torch.nan, 0.1]])
    assert trade_off_curve(scores_of(entropies)).speedup.tolist() == [1, 6 / 4]


def test_one_layer_has_one_behaviour() -> None:
    found = trade_off_curve(scores_of(torch.rand(4, 1)), torch.ones(4, 1, dtype=torch.bool))
    assert (found.threshold.tolist(), found.speedup.tolist()) == ([0], [1])


def test_rejects_no_sentences() -> None:
    with pytest.raises(ValueError, match="at least one sentence, but is empty"):
        trade_off_curve(scores_of(torch.empty(0, 4)))


def test_thinning_keeps_the_ends_and_spreads_over_the_speedup() -> None:
    found = trade_off_curve(scores_of(torch.rand(4000, 6)), torch.rand(4000, 6) < 0.8)
    thin = found.thinned(100)
    assert 90 <= len(thin) <= 100
    for full, kept in ((found.threshold, thin.threshold), (found.speedup, thin.speedup)):
        assert kept[0] == full[0] and kept[-1] == full[-1]
    assert thin.speedup.diff().max() < 2 * 5 / 99
    rows = set(zip(found.threshold.tolist(), found.speedup.tolist(), strict=True))
    assert rows.issuperset(zip(thin.threshold.tolist(), thin.speedup.tolist(), strict=True))
    assert thin.accuracy is not None and len(thin.accuracy) == len(thin)


def test_a_short_curve_is_not_thinned() -> None:
    found = TradeOffCurve(torch.zeros(3), torch.arange(1, 4), None)
    assert found.thinned(3) is found


def test_ten_thousand_sentences_of_24_layers_take_under_two_seconds() -> None:
    entropies, correct = torch.rand(10_000, 24), torch.rand(10_000, 24) < 0.9
    started = time.thread_time()
    assert len(trade_off_curve(scores_of(entropies), correct)) > 20_000
    assert time.thread_time() - started < 2
