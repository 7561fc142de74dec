"""Operating points of a recorded split, and the speed-ups that users ask for."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from pf_fairseq.errors import InputError
from pf_fairseq.exiting.curve import accuracy_at_speedup
from pf_fairseq.exiting.evaluation import evaluate_exits
from pf_fairseq.exiting.metrics import check_metrics
from pf_fairseq.exiting.operating_points import read_speedups, speedup_name
from pf_fairseq.exiting.recorded import RecordedExits
from pf_fairseq.modules.entropy import exit_entropy
from pf_fairseq.modules.policies import EntropyPolicy
from tests.reference import exiting as naive


def random_split(n_sentences: int, n_layers: int, *, labelled: bool = True) -> RecordedExits:
    """Draw logits of two classes, and labels that they often hit."""
    generator = torch.Generator().manual_seed(n_sentences)
    logits = torch.randn(n_sentences, n_layers, 2, generator=generator)
    targets = torch.randint(0, 2, (n_sentences,), generator=generator)
    logits[:, :, 1] += targets[:, None] - 0.5
    return RecordedExits(logits, targets if labelled else None)


def entropies_of(recorded: RecordedExits) -> Tensor:
    return exit_entropy(recorded.logits)


@pytest.mark.parametrize("n_layers", [2, 6, 12])
def test_counts_and_scores_are_those_of_naive_loops(n_layers: int) -> None:
    recorded = random_split(60, n_layers)
    assert recorded.targets is not None
    evaluation = evaluate_exits(
        recorded, task="MRPC", metrics=["accuracy", "f1"], targets=[1.0, 1.5, 2.0]
    )
    for point in evaluation.operating_points:
        reached = point.reached
        assert reached is not None and reached.exit_correct is not None
        checked = list(range(1, n_layers))
        exits = [
            naive.exit_of(row, reached.threshold, checked)
            for row in entropies_of(recorded).tolist()
        ]
        assert reached.exit_counts == [exits.count(layer) for layer in range(1, n_layers + 1)]
        assert reached.speedup == naive.speedup(exits, n_layers) >= point.target_speedup
        right = [0] * n_layers
        called_right = []
        for number, exit_layer in enumerate(exits):
            row = recorded.logits[number, exit_layer - 1].tolist()
            answer = row.index(max(row))
            called_right.append((answer, int(recorded.targets[number])))
            right[exit_layer - 1] += answer == int(recorded.targets[number])
        assert reached.exit_correct == right
        assert reached.scores["accuracy"] == sum(right) / 60
        true_positive = called_right.count((1, 1))
        wrong = called_right.count((0, 1)) + called_right.count((1, 0))
        assert reached.scores["f1"] == pytest.approx(true_positive / (true_positive + wrong / 2))


def test_agrees_with_the_shortcut() -> None:
    recorded = random_split(500, 6)
    assert recorded.targets is not None
    evaluation = evaluate_exits(
        recorded, task="SST-2", metrics=["accuracy"], targets=[1.0, 1.7, 3.0, 6.0]
    )
    for point in evaluation.operating_points:
        assert point.reached is not None
        assert recorded.correct is not None
        scores = recorded.scores(EntropyPolicy())
        shortcut = accuracy_at_speedup(scores, recorded.correct, point.target_speedup)
        assert shortcut == point.reached.scores["accuracy"]


def test_says_what_can_be_reached() -> None:
    recorded = random_split(5, 6)
    evaluation = evaluate_exits(recorded, task="SST-2", metrics=["accuracy"], targets=[7.0])
    [point] = evaluation.operating_points
    assert point.reached is None
    assert point.reason == (
        "a speed-up of 7 cannot be reached on this split: "
        "even when every sentence leaves as early as it can, the speed-up is 6"
    )


def test_entropies_are_those_of_the_softmax() -> None:
    recorded = random_split(20, 4)
    expected = [[naive.entropy(exit_) for exit_ in row] for row in recorded.logits.tolist()]
    torch.testing.assert_close(entropies_of(recorded), torch.tensor(expected), atol=1e-6, rtol=1e-5)


def test_without_labels_there_are_counts_but_no_scores() -> None:
    recorded = random_split(40, 6, labelled=False)
    evaluation = evaluate_exits(recorded, task="SST-2", metrics=["accuracy"], targets=[2.0])
    reached = evaluation.operating_points[0].reached
    assert reached is not None
    assert (reached.scores, reached.exit_correct) == ({}, None)
    assert sum(reached.exit_counts) == 40
    assert recorded.exit_accuracy() is None and recorded.correct is None


def test_a_target_out_of_reach_has_a_reason() -> None:
    recorded = random_split(10, 3)
    point = evaluate_exits(
        recorded, task="SST-2", metrics=["accuracy"], targets=[4.0]
    ).operating_points[0]
    assert point.reached is None
    assert point.reason is not None and "the speed-up is 3" in point.reason


def test_accuracy_comes_first_and_once() -> None:
    evaluation = evaluate_exits(random_split(10, 3), task="X", metrics=["mcc"], targets=[1.0])
    assert evaluation.metrics == ["accuracy", "mcc"]
    assert evaluation.operating_points[0].name == "1"


def test_reads_speedups_in_order() -> None:
    assert read_speedups(["3", "1", "1.5"]) == [3, 1, 1.5]


@pytest.mark.parametrize("text", ["0.5", "0", "-2", "nan", "inf", "two", "", "2x"])
def test_refuses_what_is_no_speedup(text: str) -> None:
    message = f"must be a number of at least 1, such as 2 or 1.5, but one is '{text}'"
    with pytest.raises(InputError, match=message):
        read_speedups(["2", text])


def test_refuses_a_speedup_named_twice() -> None:
    with pytest.raises(InputError, match="speed-up 2 is asked for twice"):
        read_speedups(["2", "3", "2.0"])


def test_refuses_an_unknown_metric() -> None:
    with pytest.raises(InputError, match="among accuracy, f1, mcc, but one is 'bleu'"):
        check_metrics(["accuracy", "bleu"])


@given(st.floats(1, 1e6))
def test_names_read_back(target: float) -> None:
    assert float(speedup_name(target)) == target


@pytest.mark.parametrize(
    ("target", "name"), [(1.0, "1"), (1.5, "1.5"), (2.0, "2"), (1.2345678, "1.2345678")]
)
def test_names_are_short(target: float, name: str) -> None:
    assert speedup_name(target) == name
