"""The check after export, against modules that are wrong in one way each."""

import re
from typing import Any

import pytest
import torch
from torch import Tensor

from pf_fairseq.artefact.checking import check_archive
from pf_fairseq.exiting.point import OperatingPoint
from tests.artefact.metadata_cases import build_metadata
from tests.runtime.tiny import N_LAYERS, draw_sentences, shared_runtime

TAU = 0.6
POINTS = [OperatingPoint("2", 2.0, TAU, 2.0, None)]
METADATA = build_metadata(operating_points=POINTS, default=None, default_threshold=0.0)
SENTENCES = draw_sentences(70)
CPU = torch.device("cpu")


class Wrong:
    """The runtime, with an answer changed on its way out."""

    def __init__(self, change: Any) -> None:
        self.change = change

    def record_exits(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        every: Tensor = shared_runtime().exit_logits(tokens)
        return every, every[..., :0]

    def __call__(self, tokens: Tensor, threshold: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        logits, exits, entropy = shared_runtime()(tokens, threshold)
        if float(threshold) == torch.tensor(TAU):
            logits, exits = self.change(tokens, logits.clone(), exits.clone())
        return logits, exits, entropy


def check(module: Any, expected: Any = None) -> Any:
    expected = shared_runtime().exit_logits if expected is None else expected
    return check_archive(module, METADATA, SENTENCES, expected, CPU)


def test_the_runtime_agrees_with_itself() -> None:
    agreement = check(shared_runtime())
    assert (agreement.n_sentences, agreement.n_thresholds) == (70, 2)
    assert agreement.largest_difference < 1e-5 and agreement.score_difference < 1e-5


def later(only_batches: bool) -> Any:
    """Let one sentence leave a layer later, with that layer's logits."""

    def change(tokens: Tensor, logits: Tensor, exits: Tensor) -> tuple[Tensor, Tensor]:
        if (tokens.size(0) > 1) == only_batches:
            for row in (exits < N_LAYERS).nonzero().flatten()[:1].tolist():
                exits[row] += 1
                every = shared_runtime().exit_logits(tokens)
                logits[row] = every[row, exits[row] - 1]
        return logits, exits

    return change


def test_an_exit_alone_that_its_own_logits_deny() -> None:
    with pytest.raises(RuntimeError, match="sentences leave elsewhere than their own logits say"):
        check(Wrong(later(only_batches=False)))


def test_an_exit_in_a_batch_that_no_rounding_excuses() -> None:
    message = "leave elsewhere in a batch than alone.*though its score is"
    with pytest.raises(RuntimeError, match=message):
        check(Wrong(later(only_batches=True)))


def test_logits_beyond_the_tolerance() -> None:
    def change(tokens: Tensor, logits: Tensor, exits: Tensor) -> tuple[Tensor, Tensor]:
        return logits + 2e-4, exits

    with pytest.raises(RuntimeError, match=re.escape("(tolerance 0.0001 for float32)")):
        check(Wrong(change))
    with pytest.raises(RuntimeError, match="logits differ by up to nan"):
        check(shared_runtime(), lambda tokens: shared_runtime().exit_logits(tokens) * float("nan"))


def test_a_sentence_on_the_threshold_may_leave_elsewhere_in_a_batch() -> None:
    """Its logits move by rounding there, and across the threshold: counted, not refused."""
    alone = torch.cat([shared_runtime().exit_logits(torch.tensor([s])) for s in SENTENCES])
    log_p = torch.log_softmax(alone, dim=-1)
    entropy = -(log_p.exp() * log_p).sum(dim=-1)
    row = 3
    tau = float(entropy[row, 0]) + 2e-6  # alone it leaves at exit 1, with almost nothing to spare
    points = [OperatingPoint("2", 2.0, tau, 2.0, None)]
    metadata = build_metadata(operating_points=points, default=None, default_threshold=0.0)

    class Moved(Wrong):
        """In a batch the first exit is a little less sure of that sentence."""

        def record_exits(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
            every: Tensor = shared_runtime().exit_logits(tokens)
            if tokens.size(0) > 1:
                every[:, 0] *= 1 - 2e-5
            return every, every[..., :0]

        def __call__(self, tokens: Tensor, threshold: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            every, _ = self.record_exits(tokens)
            log_p = torch.log_softmax(every, dim=-1)
            leaves = -(log_p.exp() * log_p).sum(dim=-1) < threshold
            leaves[:, -1] = True
            exits = leaves.int().argmax(dim=1) + 1
            rows = torch.arange(len(exits))
            return every[rows, exits - 1], exits, every[:, 0, 0]

    agreement = check_archive(Moved(None), metadata, SENTENCES, shared_runtime().exit_logits, CPU)
    assert agreement.n_other_exits >= 1
    assert agreement.score_difference > 2e-6
