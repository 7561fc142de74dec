"""Does an archive answer as the model does? Judged on every sentence compared, none passed over."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pf_fairseq.artefact.metadata import ArchiveMetadata
from pf_fairseq.exiting.policy import (
    PolicyScores,
    choose_exits,
    distance_to_parameter,
    score_exits,
)
from pf_fairseq.modules.policies import build_policy
from pf_fairseq.text.inputs import pad_batch

# Of a logit from the model's in float32: folded exits and another order of summation, and for the
# others their rounding, which moved logits by 0.04 and 0.004 in trained models of six layers.
LOGITS_TOLERANCE = {"float32": 1e-4, "bfloat16": 0.5, "float16": 0.05}
BATCH_SIZE = 32


@dataclass(frozen=True)
class Agreement:
    """What was compared, and how closely it agreed.

    Attributes:
        n_sentences: each compared alone and in a batch.
        n_thresholds: at each of which every sentence was compared.
        largest_difference: of a logit from the model's.
        score_difference: of a score in a batch from the same sentence's alone.
        n_other_exits: sentences (at a threshold) that left elsewhere in a batch than alone, each
            with a score nearer to the parameter than `score_difference`.
    """

    n_sentences: int
    n_thresholds: int
    largest_difference: float
    score_difference: float
    n_other_exits: int


def check_archive(
    module: Any,
    metadata: ArchiveMetadata,
    sentences: Sequence[Sequence[int]],
    expected: Callable[[Tensor], Tensor],
    device: torch.device,
) -> Agreement:
    """Compare an archive with the model that it was made of.

    Alone, `exit_logits` and `forward` run the same kernels: the exits must be exactly those that
    the policy chooses from the recorded logits. In a batch sums are ordered otherwise: there a
    sentence may leave elsewhere only if its score lies nearer to the parameter than scores were
    measured to move.

    Args:
        module: the loaded archive.
        metadata: what it says of itself.
        sentences: finished inputs, cut as in serving, at least one.
        expected: every exit's logits by the model, for tokens `(B, T)`: `(B, L, C)`.
        device: where both are.

    Raises:
        RuntimeError: telling what differs, and for which sentence.
    """
    with torch.inference_mode():
        return _Comparison(module, metadata, sentences, device).run(expected)


class _Comparison:
    """The work of `check_archive`; scores are those of the checked layers."""

    def __init__(
        self,
        module: Any,
        metadata: ArchiveMetadata,
        sentences: Sequence[Sequence[int]],
        device: torch.device,
    ) -> None:
        self.module = module
        self.metadata = metadata
        self.policy = build_policy(metadata.policy.name)
        pad_id = metadata.special_tokens["pad"]
        self.rows = [pad_batch([sentence], pad_id).to(device) for sentence in sentences]
        self.batches = [
            pad_batch(sentences[start : start + BATCH_SIZE], pad_id).to(device)
            for start in range(0, len(sentences), BATCH_SIZE)
        ]
        points = {point.threshold for point in metadata.operating_points}
        self.parameters = sorted({metadata.policy.never, *points})

    def run(self, expected: Callable[[Tensor], Tensor]) -> Agreement:
        """Compare everything."""
        alone, own_evidence = self._record(self.rows)
        batched, evidence = self._record(self.batches)
        wanted = torch.cat([expected(batch) for batch in self.batches])
        difference = max(self._differ(alone, wanted), self._differ(batched, wanted))
        scores = self._scores(alone, own_evidence)
        moved, n_other = 0.0, 0
        for parameter in self.parameters:
            exits = self._exits_alone(scores, parameter, alone)
            logits, in_batch = self._forward(self.batches, parameter)
            difference = max(difference, self._differ_at(logits, in_batch, wanted))
            here = self._moved(scores, batched, evidence, logits, in_batch)
            n_other += self._count_other(scores, parameter, exits, in_batch, here)
            moved = max(moved, here)
        return Agreement(len(self.rows), len(self.parameters), difference, moved, n_other)

    def _record(self, batches: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        found = [self.module.record_exits(batch) for batch in batches]
        return torch.cat([logits for logits, _ in found]), torch.cat([each for _, each in found])

    def _scores(self, logits: Tensor, evidence: Tensor) -> PolicyScores:
        return score_exits(
            self.policy,
            logits,
            evidence,
            min_exit_layer=self.metadata.min_exit_layer,
            check_interval=self.metadata.check_interval,
        )

    def _forward(self, batches: Sequence[Tensor], parameter: float) -> tuple[Tensor, Tensor]:
        threshold = torch.tensor(parameter, dtype=torch.float32)
        answers = [self.module(tokens, threshold) for tokens in batches]
        return torch.cat([a[0] for a in answers]), torch.cat([a[1] for a in answers])

    def _exits_alone(self, scores: PolicyScores, parameter: float, alone: Tensor) -> Tensor:
        """Exits of batches of one, which must be exactly the policy's."""
        logits, exits = self._forward(self.rows, parameter)
        chosen = choose_exits(scores, parameter)
        wrong = (exits != chosen).nonzero().flatten().tolist()
        if wrong:
            raise _disagreement(
                f"at threshold {parameter:g} {len(wrong)} of {len(self.rows)} sentences leave "
                f"elsewhere than their own logits say: sentence {wrong[0]} at "
                f"{int(exits[wrong[0]])} instead of {int(chosen[wrong[0]])}"
            )
        self._differ_at(logits, exits, alone)
        return exits

    def _differ(self, found: Tensor, wanted: Tensor) -> float:
        difference = float((found - wanted).abs().max())
        tolerance = LOGITS_TOLERANCE[self.metadata.dtype]
        if not difference <= tolerance:  # a NaN is no agreement
            raise _disagreement(
                f"logits differ by up to {difference:.2e} (tolerance {tolerance:g} for "
                f"{self.metadata.dtype})"
            )
        return difference

    def _differ_at(self, logits: Tensor, exits: Tensor, wanted: Tensor) -> float:
        return self._differ(
            logits, wanted[torch.arange(len(exits), device=exits.device), exits - 1]
        )

    def _moved(
        self,
        scores: PolicyScores,
        batched: Tensor,
        evidence: Tensor,
        logits: Tensor,
        exits: Tensor,
    ) -> float:
        """How far scores of a batch lie from those alone, at full depth and as sentences leave."""
        seen = batched.clone()
        seen[torch.arange(len(exits), device=exits.device), exits - 1] = logits
        distances = [
            (self._scores(each, evidence).values - scores.values).abs().flatten()
            for each in (batched, seen)
        ]
        return float(torch.cat([*distances, torch.zeros(1, device=exits.device)]).max())

    def _count_other(
        self,
        scores: PolicyScores,
        parameter: float,
        alone: Tensor,
        in_batch: Tensor,
        moved: float,
    ) -> int:
        """Count the sentences that left elsewhere in a batch, each of which must be excused."""
        differs = alone != in_batch
        nearest = torch.minimum(
            distance_to_parameter(scores, parameter),
            self._distance_where_it_left(scores, parameter, in_batch),
        )
        wrong = (differs & ~(nearest <= moved)).nonzero().flatten().tolist()
        if wrong:
            raise _disagreement(
                f"at threshold {parameter:g} {len(wrong)} of {len(self.rows)} sentences leave "
                f"elsewhere in a batch than alone: sentence {wrong[0]} at "
                f"{int(in_batch[wrong[0]])} instead of {int(alone[wrong[0]])}, though its score is "
                f"{float(nearest[wrong[0]]):.2e} from the threshold and scores move by {moved:.2e}"
            )
        return int(differs.sum())

    def _distance_where_it_left(
        self, scores: PolicyScores, parameter: float, exits: Tensor
    ) -> Tensor:
        """Distance of the score alone to the parameter at the layer where a batch let it leave."""
        distance = torch.full((len(exits),), math.inf, device=exits.device)
        for column, layer in enumerate(scores.layers):
            here = (scores.values[:, column] - parameter).abs()
            distance = torch.where(exits == layer, here, distance)
        return distance


def _disagreement(what: str) -> RuntimeError:
    return RuntimeError(f"the archive does not agree with the model: {what}; nothing was written.")
