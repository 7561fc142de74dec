"""Scores against scikit-learn's."""

import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics
from torch import Tensor

from pf_fairseq.exiting.metrics import METRICS, accuracy, f1, mcc


@st.composite
def answers(draw: st.DrawFn, n_classes: int) -> tuple[Tensor, Tensor]:
    """Predictions and targets of 1 to 30 sentences."""
    pair = st.tuples(st.integers(0, n_classes - 1), st.integers(0, n_classes - 1))
    pairs = draw(st.lists(pair, min_size=1, max_size=30))
    return torch.tensor([p for p, _ in pairs]), torch.tensor([t for _, t in pairs])


@given(answers(2))
def test_accuracy_and_f1_match_sklearn(pair: tuple[Tensor, Tensor]) -> None:
    predictions, targets = pair
    assert accuracy(predictions, targets) == pytest.approx(
        sklearn_metrics.accuracy_score(targets, predictions)
    )
    assert f1(predictions, targets) == pytest.approx(
        sklearn_metrics.f1_score(targets, predictions, zero_division=0.0)
    )


@pytest.mark.parametrize("n_classes", [2, 3])
def test_mcc_matches_sklearn(n_classes: int) -> None:
    @given(answers(n_classes))
    def check(pair: tuple[Tensor, Tensor]) -> None:
        predictions, targets = pair
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # sklearn warns where only one class is seen
            expected = sklearn_metrics.matthews_corrcoef(targets, predictions)
        assert mcc(predictions, targets) == pytest.approx(expected)

    check()


@pytest.mark.parametrize("name", METRICS)
def test_no_sentences_score_zero(name: str) -> None:
    nothing = torch.empty(0, dtype=torch.int64)
    assert METRICS[name](nothing, nothing) == 0


def test_one_class_only_is_not_nan() -> None:
    zeros, ones = torch.zeros(4).long(), torch.ones(4).long()
    assert f1(zeros, zeros) == 0
    assert mcc(zeros, zeros) == 0
    assert mcc(zeros, ones) == 0
