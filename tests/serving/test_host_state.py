"""The classifier answers alike whatever the state of the host process, autocast included."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from pf_fairseq.errors import InputError
from pf_fairseq.serving.classifier import EarlyExitClassifier
from tests.runtime.test_host_state import STATES
from tests.serving.text_archives import write_archive

if TYPE_CHECKING:
    from tests.conftest import TinyCheckpoint

FORMAT_1 = Path(__file__).parent.parent / "data" / "format_1" / "model.pt"
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


@pytest.mark.parametrize("state", ALL_STATES)
def test_a_checkpoint_is_loaded_and_answers_as_on_a_plain_host(
    state: str, tiny_checkpoint: "TinyCheckpoint"
) -> None:
    source = (tiny_checkpoint.path, tiny_checkpoint.data)
    classifier = EarlyExitClassifier.load(*source)
    expected = classifier.predict(TEXTS, threshold=0.6)
    before = torch.get_default_dtype()
    with ALL_STATES[state]():
        inside = torch.get_default_dtype()
        assert classifier.predict(TEXTS, threshold=0.6) == expected
        assert EarlyExitClassifier.load(*source).predict(TEXTS, threshold=0.6) == expected
        assert torch.get_default_dtype() == inside
    assert torch.get_default_dtype() == before


def test_an_archive_of_format_1_names_the_default_dtype() -> None:
    classifier = EarlyExitClassifier.load(FORMAT_1)
    message = r"model.pt` has format 1, which needs .* to be float32, but it is float64; export it"
    with STATES["float64"]():
        with pytest.raises(InputError, match=message):
            classifier.predict(TEXTS)
        with pytest.raises(InputError, match=message):
            EarlyExitClassifier.load(FORMAT_1)
    assert len(classifier.predict(TEXTS)) == len(TEXTS)
