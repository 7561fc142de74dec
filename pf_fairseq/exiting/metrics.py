"""Scores of a list of predictions, never NaN."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from pf_fairseq.errors import InputError

POSITIVE_CLASS = 1  # GLUE's F1 is that of label 1


def accuracy(predictions: Tensor, targets: Tensor) -> float:
    """Share of right predictions, in [0, 1]; both int64 `(N,)`. 0 when N is 0."""
    return int((predictions == targets).sum()) / max(targets.numel(), 1)


def f1(predictions: Tensor, targets: Tensor) -> float:
    """F1 of class 1, in [0, 1]; both int64 `(N,)`. 0 when nobody is or is called positive."""
    called = predictions == POSITIVE_CLASS
    positive = targets == POSITIVE_CLASS
    n_either = int(called.sum()) + int(positive.sum())
    return 2 * int((called & positive).sum()) / max(n_either, 1)


def mcc(predictions: Tensor, targets: Tensor) -> float:
    """Matthews' correlation coefficient, in [-1, 1], for any number of classes.

    Gorodkin's R_K; both int64 `(N,)`. 0 when either side knows only one class, where the
    coefficient is not defined.
    """
    n_classes = int(torch.cat([predictions, targets]).max()) + 1 if targets.numel() else 0
    called = torch.bincount(predictions, minlength=n_classes).tolist()
    actual = torch.bincount(targets, minlength=n_classes).tolist()
    n_sentences = targets.numel()
    n_right = int((predictions == targets).sum())
    covariance = n_right * n_sentences - sum(p * t for p, t in zip(called, actual, strict=True))
    spread = (n_sentences**2 - sum(p * p for p in called)) * (
        n_sentences**2 - sum(t * t for t in actual)
    )
    return covariance / math.sqrt(spread) if spread else 0.0


METRICS: dict[str, Callable[[Tensor, Tensor], float]] = {"accuracy": accuracy, "f1": f1, "mcc": mcc}
"""Every score a task may ask for, by the name it bears in reports."""


def check_metrics(names: Sequence[str]) -> None:
    """Refuse a score that is not known here.

    Raises:
        InputError: naming it.
    """
    unknown = [name for name in names if name not in METRICS]
    if unknown:
        raise InputError(
            f"The task's metrics must be among {', '.join(METRICS)}, but one is {unknown[0]!r}; "
            "mend `metrics` in task.json."
        )
