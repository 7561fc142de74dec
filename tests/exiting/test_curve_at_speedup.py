"""What the curve says of a wanted speed-up, against a search through all thresholds."""

import math
import time

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from pf_fairseq.exiting.curve import accuracy_at_speedup, trade_off_curve
from pf_fairseq.exiting.policy import PolicyScores, choose_exits, score_exits
from pf_fairseq.modules.policies import EntropyPolicy
from tests.exiting.scores import scores_of
from tests.reference import exiting as naive


def threshold_at(scores: PolicyScores, target: float) -> float | None:
    curve = trade_off_curve(scores)
    index = curve.index_of_speedup(target)
    return None if index is None else float(curve.threshold[index])


def accuracy_of(logits: Tensor, targets: Tensor, target: float) -> float:
    correct = logits.argmax(dim=-1) == targets[:, None]
    return accuracy_at_speedup(score_exits(EntropyPolicy(), logits), correct, target)


@st.composite
def recordings(draw: st.DrawFn) -> Tensor:
    """Logits `(N, L, 3)` with ties between sentences."""
    n_sentences, n_layers = draw(st.integers(1, 12)), draw(st.integers(1, 6))
    torch.manual_seed(draw(st.integers(0, 10_000)))
    return torch.randint(-3, 4, (n_sentences, n_layers, 3)).float()


@given(logits=recordings(), target=st.sampled_from([1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 6.0, 9.0]))
def test_is_the_smallest_that_reaches_the_target(logits: Tensor, target: float) -> None:
    entropies = torch.rand(logits.shape[:2])
    n_layers = entropies.size(1)
    checked = list(range(1, n_layers))
    rows = entropies.tolist()
    reaching = [
        threshold
        for threshold in naive.candidate_thresholds(rows, checked)
        if naive.speedup([naive.exit_of(row, threshold, checked) for row in rows], n_layers)
        >= target
    ]
    found = threshold_at(scores_of(entropies), target)
    if not reaching:
        assert found is None
    elif reaching[0] > max(e for row in rows for e in row):
        assert found is not None
        assert choose_exits(scores_of(entropies), found).tolist() == [1] * len(rows)
    else:
        assert found == reaching[0]


@given(logits=recordings(), target=st.sampled_from([1.0, 1.5, 2.0, 3.0, 9.0]))
def test_accuracy_is_that_of_the_naive_curve(logits: Tensor, target: float) -> None:
    n_sentences, n_layers, _ = logits.shape
    targets = torch.randint(0, 3, (n_sentences,))
    # the same float32 entropies, so that ties fall alike
    entropies = torch.distributions.Categorical(logits=logits).entropy()
    correct = (logits.argmax(-1) == targets[:, None]).tolist()
    points = naive.curve(entropies.tolist(), correct, list(range(1, n_layers)))
    reaching = [accuracy for _, speedup, accuracy in points if speedup >= target]
    expected = reaching[0] if reaching else points[-1][2]
    found = accuracy_of(logits, targets, target)
    if not _has_near_ties(entropies):
        assert found == pytest.approx(expected)
    assert 0 <= found <= 1


def _has_near_ties(entropies: Tensor) -> bool:
    """Tell whether rounding could order two entropies differently in the two implementations."""
    gaps = entropies[:, :-1].flatten().sort().values.diff()
    return bool(((gaps < 1e-6) & (gaps >= 0)).any())


def test_target_one_never_exits_early() -> None:
    assert threshold_at(scores_of(torch.zeros(3, 4)), 1) == 0


def test_min_exit_layer_limits_what_can_be_reached() -> None:
    scores = scores_of(torch.rand(5, 6), min_exit_layer=2)
    found = threshold_at(scores, 3)
    assert found is not None
    assert choose_exits(scores, found).tolist() == [2] * 5
    assert threshold_at(scores, 3.1) is None


def test_stands_midway() -> None:
    entropies = torch.tensor([[0.125, 0.5, 0.0], [0.25, 0.5, 0.0]])
    assert threshold_at(scores_of(entropies), 1.5) == 0.1875


@pytest.mark.parametrize("target", [0.9, 0.0, -2.0, math.nan, math.inf])
def test_rejects_a_target_that_is_none(target: float) -> None:
    with pytest.raises(ValueError, match="finite speed-up of at least 1, but is"):
        threshold_at(scores_of(torch.rand(2, 2)), target)
    with pytest.raises(ValueError, match="finite speed-up of at least 1, but is"):
        accuracy_of(torch.rand(2, 2, 2), torch.zeros(2).long(), target)


def test_accuracy_without_sentences_is_zero() -> None:
    assert accuracy_of(torch.empty(0, 6, 2), torch.empty(0).long(), 2) == 0


def test_accuracy_of_nan_logits_is_a_number() -> None:
    logits = torch.full((4, 3, 2), torch.nan)
    assert accuracy_of(logits, torch.zeros(4).long(), 2) in (0, 1)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_accuracy_of_half_precision_logits(dtype: torch.dtype) -> None:
    logits = torch.tensor([[[90.0, -90.0], [1.0, 0.0], [0.0, 1.0]]] * 4, dtype=dtype)
    assert accuracy_of(logits, torch.zeros(4).long(), 2) == 1


def test_accuracy_of_ten_thousand_sentences_is_quick() -> None:
    logits = torch.randn(10_000, 24, 3)
    targets = torch.randint(0, 3, (10_000,))
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)  # so that this thread's own time is all that is spent,
    seconds = []  # whatever else the machine is doing
    try:
        for _ in range(5):
            started = time.thread_time()
            accuracy_of(logits, targets, 2)
            seconds.append(time.thread_time() - started)
    finally:
        torch.set_num_threads(n_threads)
    assert min(seconds) < 0.2
