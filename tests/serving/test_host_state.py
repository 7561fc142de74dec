"""The classifier answers alike whatever the state of the host process, autocast included."""

from pathlib import Path

import pytest
import torch

from pf_fairseq.serving.classifier import EarlyExitClassifier
from tests.runtime.test_host_state import STATES
from tests.serving.text_archives import write_archive

TEXTS = ["a fine film", "dull", "a film that is not so bad as all that", "fine"]
ALL_STATES = {**STATES, "autocast": lambda: torch.autocast("cpu", torch.bfloat16)}


@pytest.mark.parametrize("state", ALL_STATES)
def test_predictions_are_those_of_a_plain_host(state: str, tmp_path: Path) -> None:
    classifier = EarlyExitClassifier.load(write_archive(tmp_path / "model.pt"))
    for options in ({}, {"speedup": 1.0}, {"threshold": 0.7}):
        expected = classifier.predict(TEXTS, **options)
        with ALL_STATES[state]():
            for _ in range(3):
                assert classifier.predict(TEXTS, **options) == expected
    with ALL_STATES[state]():
        loaded = EarlyExitClassifier.load(tmp_path / "model.pt")
        assert loaded.predict(TEXTS, threshold=0.7) == expected
