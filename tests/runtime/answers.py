"""Compare what a runtime returns with what the naive loop says."""

from typing import Any

import torch
from torch import Tensor
from torch.testing import assert_close

from tests.reference.early_exit import Answer, distance_to_threshold, leave
from tests.tolerances import EXIT_MARGIN, REFERENCE

Result = tuple[Tensor, Tensor, Tensor]


def threshold_between(answers: list[list[Answer]], share: float) -> float:
    """A threshold below which about this share of the early exits lie, none of them near it."""
    entropies = sorted(answer.entropy for sentence in answers for answer in sentence[:-1])
    wanted = share * len(entropies)
    gaps = [
        (abs(place + 1 - wanted), (low + high) / 2)
        for place, (low, high) in enumerate(zip(entropies, entropies[1:], strict=False))
        if high - low > 4 * EXIT_MARGIN
    ]
    return min(gaps)[1]


def check_result(result: Result, expected: list[Answer]) -> None:
    """Exits exactly, numbers within tolerance, types as in the contract."""
    logits, exit_layer, entropy = result
    assert (logits.dtype, exit_layer.dtype) == (torch.float32, torch.int64)
    assert entropy.dtype == torch.float32
    assert exit_layer.tolist() == [answer.exit_layer for answer in expected]
    wanted = torch.tensor([answer.logits for answer in expected])
    assert_close(logits, wanted.reshape(logits.shape), **REFERENCE)
    assert_close(entropy, torch.tensor([a.entropy for a in expected]), **REFERENCE)


def check_thresholds(
    runtime: Any,
    tokens: Tensor,
    answers: list[list[Answer]],
    taus: list[float],
    *,
    first: int = 1,
    interval: int = 1,
) -> list[int]:
    """Run one threshold per sentence and check the answers; returns the exits taken."""
    for sentence, tau in zip(answers, taus, strict=True):
        assert distance_to_threshold(sentence, tau) > EXIT_MARGIN, "a borderline exit: change tau"
    expected = [
        leave(sentence, tau, first=first, interval=interval)
        for sentence, tau in zip(answers, taus, strict=True)
    ]
    check_result(runtime(tokens, torch.tensor(taus)), expected)
    return [answer.exit_layer for answer in expected]
