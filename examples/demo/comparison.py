"""Do the runtimes say what the evaluation said, and how long do they take?"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from runtimes import Answer, Point, Runtime, Text

from pf_fairseq.exiting.policy import choose_exits, distance_to_parameter
from pf_fairseq.exiting.recorded import RecordedExits
from pf_fairseq.modules.policies import DEFAULT_POLICY, build_policy

WARM_UP_SENTENCES = 20
REPEATS = 2
SCORE_TOLERANCE = 1e-4  # what another order of summation does to a score


@dataclass
class Agreement:
    """Over all runtimes and operating points: sentences that were not answered as in evaluation.

    Attributes:
        sentences: how many were compared, each by every runtime at every point.
        different_labels: indices of sentences with another label somewhere.
        different_exits: indices of sentences with another exit somewhere.
        near_threshold: those of `different_exits` with a score that lies so near the threshold
            that another order of summation may move it across.
    """

    sentences: int
    different_labels: set[int] = field(default_factory=set)
    different_exits: set[int] = field(default_factory=set)
    near_threshold: set[int] = field(default_factory=set)

    def counts(self) -> dict[str, int]:
        """The numbers, as they stand in `summary.json`."""
        return {
            "sentences": self.sentences,
            "different_labels": len(self.different_labels),
            "different_exits": len(self.different_exits),
            "near_threshold": len(self.near_threshold),
        }


def read_recorded(path: Path) -> RecordedExits:
    """Read the `logits.npz` of `pf-fairseq evaluate`."""
    with np.load(path) as arrays:
        return RecordedExits(
            torch.from_numpy(arrays["logits"]), torch.from_numpy(arrays["targets"])
        )


def measure(
    runtimes: Mapping[str, Runtime], texts: Sequence[Text]
) -> tuple[dict[str, list[Answer]], dict[str, float]]:
    """Let every runtime answer every text, alone, in turns, so that all see the same machine.

    Returns:
        the answers, and milliseconds per text: the mean over the texts of the fastest repeat.
    """
    for text in texts[:WARM_UP_SENTENCES]:
        for runtime in runtimes.values():
            runtime.answer(text)
    answers: dict[str, list[Answer]] = {name: [] for name in runtimes}
    seconds = dict.fromkeys(runtimes, 0.0)
    for text in texts:
        for name, runtime in runtimes.items():
            fastest = float("inf")
            for _ in range(REPEATS):
                start = time.perf_counter()
                answer = runtime.answer(text)
                fastest = min(fastest, time.perf_counter() - start)
            answers[name].append(answer)
            seconds[name] += fastest
    return answers, {name: 1000 * total / len(texts) for name, total in seconds.items()}


def compare(
    agreement: Agreement,
    answers: Sequence[Answer],
    recorded: RecordedExits,
    labels: Sequence[str],
    point: Point,
) -> None:
    """Compare one runtime's answers at one operating point with the evaluation's."""
    scores = recorded.scores(build_policy(DEFAULT_POLICY))
    exits = choose_exits(scores, point.threshold)
    near = distance_to_parameter(scores, point.threshold) < SCORE_TOLERANCE
    predictions = recorded.predictions_at(exits)
    for index, answer in enumerate(answers):
        if answer.label != labels[int(predictions[index])]:
            agreement.different_labels.add(index)
        if answer.exit_layer != exits[index]:
            agreement.different_exits.add(index)
            if near[index]:
                agreement.near_threshold.add(index)
