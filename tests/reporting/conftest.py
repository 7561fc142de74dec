"""Evaluations of random splits, for every kind of report."""

from collections.abc import Callable

import pytest
import torch

from pf_fairseq.exiting.evaluation import Evaluation, evaluate_exits
from pf_fairseq.exiting.point import PointOrigin
from pf_fairseq.exiting.recorded import RecordedExits
from pf_fairseq.modules.policies import EntropyPolicy

MakeEvaluation = Callable[..., Evaluation]
ORIGIN = PointOrigin(
    task="SST-2",
    policy=EntropyPolicy.description,
    checkpoint_sha256="0" * 64,
    dtype="float32",
    min_exit_layer=1,
    check_interval=1,
    split="valid",
)


@pytest.fixture
def make_evaluation() -> MakeEvaluation:
    """Make an evaluation of random logits whose deeper exits are better."""

    def make(
        n_sentences: int = 200,
        n_layers: int = 6,
        *,
        n_classes: int = 2,
        labelled: bool = True,
        task: str = "SST-2",
        metrics: tuple[str, ...] = ("accuracy",),
        targets: tuple[float, ...] = (1.0, 1.5, 2.0, 3.0, 4.0),
        n_choosing: int = 0,
    ) -> Evaluation:
        generator = torch.Generator().manual_seed(0)
        targets_drawn = torch.randint(0, n_classes, (n_sentences,), generator=generator)
        logits = torch.randn(n_sentences, n_layers, n_classes, generator=generator)
        hint = torch.nn.functional.one_hot(targets_drawn, n_classes)[:, None]
        logits += hint * torch.linspace(0.5, 3, n_layers)[:, None]
        drawn = targets_drawn if labelled else None
        recorded = RecordedExits(logits[n_choosing:], None if drawn is None else drawn[n_choosing:])
        choosing = RecordedExits(logits[:n_choosing], None if drawn is None else drawn[:n_choosing])
        return evaluate_exits(
            recorded,
            task=task,
            metrics=metrics,
            targets=targets,
            calibration=choosing if n_choosing else None,
        )

    return make
