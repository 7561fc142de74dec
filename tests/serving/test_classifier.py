"""`EarlyExitClassifier` against tokenizer, special tokens and model put together by hand."""

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

from pf_fairseq import EarlyExitClassifier, Prediction
from pf_fairseq.errors import InputError
from pf_fairseq.serving.classifier import Text
from tests.serving.text_archives import (
    LABELS,
    N_LAYERS,
    small_runtime,
    small_tokenizer,
    write_archive,
)
from tests.text.small_bpe import SENTENCES
from tests.tolerances import BATCHED

TEXTS = [*SENTENCES, "a", "scene after scene", "dull", "The plot grows on you, we've seen it all"]
PAIRS: list[Text] = [(first, second) for first, second in zip(TEXTS, TEXTS[::-1], strict=True)]


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> EarlyExitClassifier:
    return EarlyExitClassifier.load(write_archive(tmp_path_factory.mktemp("one") / "model.pt"))


@pytest.fixture(scope="module")
def pair_classifier(tmp_path_factory: pytest.TempPathFactory) -> EarlyExitClassifier:
    path = tmp_path_factory.mktemp("pair") / "model.pt"
    return EarlyExitClassifier.load(write_archive(path, pair=True))


def by_hand(text: Text, tau: float, files: str = "hugging_face") -> Prediction:
    """One text, one token list, one call."""
    tokenizer = small_tokenizer(files)
    parts = [
        tokenizer.encode_batch([part])[0] for part in ([text] if isinstance(text, str) else text)
    ]
    ids = [0, *parts[0], 2] if len(parts) == 1 else [0, *parts[0], 2, 2, *parts[1], 2]
    runtime = small_runtime(tokenizer.vocab_size)
    with torch.no_grad():
        logits, exit_layer, _ = runtime(torch.tensor([ids]), torch.tensor(tau))
    weights = [math.exp(z) for z in logits[0].tolist()]
    best = weights.index(max(weights))
    probability = weights[best] / sum(weights)
    return Prediction(LABELS[best], probability, int(exit_layer), logits[0].tolist())


def assert_same(found: list[Prediction], expected: list[Prediction]) -> None:
    assert [(p.label, p.exit_layer) for p in found] == [(p.label, p.exit_layer) for p in expected]
    for one, other in zip(found, expected, strict=True):
        assert one.logits == pytest.approx(other.logits, abs=BATCHED["atol"], rel=BATCHED["rtol"])
        assert one.probability == pytest.approx(other.probability, abs=BATCHED["atol"])


@pytest.mark.parametrize(
    ("choice", "tau"),
    [
        ({}, 0.5),
        ({"speedup": 2}, 0.5),
        ({"speedup": 3.0}, 0.65),
        ({"speedup": 1}, 0.0),
        ({"threshold": 0.6}, 0.6),
        ({"threshold": 0}, 0.0),  # an int, as a person types it
        ({"threshold": 1}, 1.0),
        ({"threshold": math.inf}, math.inf),
    ],
)
def test_predictions_are_those_made_by_hand(
    choice: dict[str, float], tau: float, classifier: EarlyExitClassifier
) -> None:
    assert_same(classifier.predict(TEXTS, **choice), [by_hand(text, tau) for text in TEXTS])


def test_pairs(pair_classifier: EarlyExitClassifier) -> None:
    assert_same(pair_classifier.predict(PAIRS), [by_hand(pair, 0.5) for pair in PAIRS])


def test_the_tests_texts_leave_at_several_exits(classifier: EarlyExitClassifier) -> None:
    exits = {p.exit_layer for t in (0.3, 0.5, 0.65) for p in classifier.predict(TEXTS, threshold=t)}
    assert len(exits) == N_LAYERS


def test_ids_of_a_tokenizer_with_a_dictionary_of_its_own(tmp_path: Path) -> None:
    classifier = EarlyExitClassifier.load(write_archive(tmp_path / "model.pt", files="fairseq"))
    assert classifier.metadata.tokenizer is not None
    assert classifier.metadata.tokenizer.token_id_map is not None
    assert_same(classifier.predict(TEXTS), [by_hand(text, 0.5, "fairseq") for text in TEXTS])


def test_long_texts_are_cut_to_max_tokens(tmp_path: Path) -> None:
    classifier = EarlyExitClassifier.load(write_archive(tmp_path / "model.pt", max_tokens=6))
    tokenizer = small_tokenizer()
    ids = tokenizer.encode_batch([TEXTS[0]])[0]
    assert len(ids) > 4
    with torch.no_grad():
        logits, _, _ = small_runtime(tokenizer.vocab_size)(torch.tensor([[0, *ids[:4], 2]]))
    found = classifier.predict([TEXTS[0]])[0].logits
    assert found == pytest.approx(logits[0].tolist(), abs=BATCHED["atol"])


@pytest.mark.parametrize("batch_size", [1, 2, 7, 10_000])
def test_batch_size_does_not_matter(batch_size: int, classifier: EarlyExitClassifier) -> None:
    assert_same(classifier.predict(TEXTS, batch_size=batch_size), classifier.predict(TEXTS))


def test_any_sequence_of_texts_and_none(
    classifier: EarlyExitClassifier, pair_classifier: EarlyExitClassifier
) -> None:
    assert classifier.predict([]) == [] and pair_classifier.predict([]) == []
    assert_same(classifier.predict(tuple(TEXTS)), classifier.predict(TEXTS))
    as_lists: Any = [list(pair) for pair in PAIRS]
    assert_same(pair_classifier.predict(as_lists), pair_classifier.predict(PAIRS))


def test_loading_an_archive_turns_profiling_off(tmp_path: Path) -> None:
    torch._C._jit_set_profiling_mode(True)
    EarlyExitClassifier.load(write_archive(tmp_path / "model.pt"))
    assert torch._C._jit_set_profiling_mode(False) is False  # gives the mode before


def test_many_threads(classifier: EarlyExitClassifier) -> None:
    calls = [(TEXTS[k % 5 :], {"threshold": (0.0, 0.5, 0.65)[k % 3]}) for k in range(64)]
    expected = [classifier.predict(texts, **choice) for texts, choice in calls]
    with ThreadPoolExecutor(8) as threads:
        futures = [threads.submit(classifier.predict, texts, **choice) for texts, choice in calls]
        for future, serial in zip(futures, expected, strict=True):
            assert_same(future.result(), serial)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("one text", "`texts` must be a list of texts, but is a single text instead"),
        (["fine", ""], "text 1 is empty; every text needs at least one character"),
        (["fine", ("a", "b")], r"text 1 must be a single text, but is \('a', 'b'\) instead"),
        ([None], "text 0 must be a single text, but is None instead"),
        ([b"bytes"], "text 0 must be a single text, but is b'bytes' instead"),
        (["a", "b", "x\ud800y"], "text 2 holds a lone surrogate, which is no character"),
    ],
)
def test_a_text_that_cannot_be_classified_is_named(
    texts: Any, message: str, classifier: EarlyExitClassifier
) -> None:
    with pytest.raises(InputError, match=message):
        classifier.predict(texts)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([("a", "b"), "c"], r"text 1 must be a pair \(a tuple of two texts\), but is 'c' instead"),
        ([("a", "b", "c")], "text 0 must be a pair"),
        ([("a", 5)], "text 0 must be a pair"),
        ([("a", "b"), ("a", "")], "text 1 is empty"),
        ([("", "b")], "text 0 is empty"),
        ([("a", "\udfff")], "text 0 holds a lone surrogate"),
    ],
)
def test_a_pair_that_cannot_be_classified_is_named(
    texts: Any, message: str, pair_classifier: EarlyExitClassifier
) -> None:
    with pytest.raises(InputError, match=message):
        pair_classifier.predict(texts)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"speedup": 4}, "must be that of an operating point, but is 4 instead; there are: 2, 3"),
        ({"speedup": 2, "threshold": 0.5}, "give `speedup` or `threshold`, not both"),
        ({"threshold": math.nan}, "`threshold` must be a number .*, but is NaN instead"),
        ({"batch_size": 0}, "`batch_size` must be a whole number of at least 1, but is 0 instead"),
    ],
)
def test_bad_options_are_refused_whatever_the_texts(
    choice: dict[str, Any], message: str, classifier: EarlyExitClassifier
) -> None:
    for texts in ([], TEXTS):
        with pytest.raises(InputError, match=message):
            classifier.predict(texts, **choice)
    assert len(classifier.predict(TEXTS)) == len(TEXTS)


def test_files_that_cannot_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="checkpoint `.*missing.pt` does not exist"):
        EarlyExitClassifier.load(tmp_path / "missing.pt")
    path = write_archive(tmp_path / "model.pt")
    with pytest.raises(InputError, match="`device` must be a device that this machine .* 'abacus'"):
        EarlyExitClassifier.load(path, device="abacus")
    (tmp_path / "text.pt").write_text("no model")
    with pytest.raises(InputError, match="text.pt` is truncated"):
        EarlyExitClassifier.load(str(tmp_path / "text.pt"))


class Foreign(torch.nn.Module):
    """Answers as no model should."""

    def __init__(self, logits: list[list[float]], exit_layer: list[int]) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.logits, self.exit_layer = torch.tensor(logits), torch.tensor(exit_layer)

    def forward(self, tokens: torch.Tensor, threshold: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self.logits, self.exit_layer, torch.zeros(len(self.exit_layer))


@pytest.mark.parametrize(
    ("logits", "exit_layer", "message"),
    [
        ([[math.nan, 0.0], [0.0, 1.0]], [1, 1], "The model's logits are not finite; its training"),
        ([[0.0, 1.0], [0.0, 1.0]], [1, 99], "The model gave the exit layer 99 of 3. Export it"),
        ([[0.0, 1.0], [0.0, 1.0]], [0, 1], "The model gave the exit layer 0 of 3"),
        ([[0.0, 1.0]], [1], r"gave logits \(1, 2\) and exit layers \(1,\) for 2 sentences and 2"),
        ([[0.0, 1.0, 2.0]] * 2, [1, 1], r"gave logits \(2, 3\) .* and 2 labels. Export it again"),
    ],
)
def test_answers_that_no_model_should_give(
    classifier: EarlyExitClassifier, logits: list[list[float]], exit_layer: list[int], message: str
) -> None:
    foreign = EarlyExitClassifier(
        Foreign(logits, exit_layer), classifier.metadata, small_tokenizer()
    )
    with pytest.raises(InputError, match=message):
        foreign.predict(["a fine film", "dull"])
