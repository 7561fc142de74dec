"""`fairseq-train` and `fairseq-validate` on a CPU: losses, metrics, the best checkpoint."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pf_fairseq.text.data_bin import load_split
from pf_fairseq.trained.loading import load_trained_model
from tests.fairseq.commands import TASK, read_weights_only, run, script, train, user_dir
from tests.fairseq.conftest import N_EPOCHS, Training
from tests.reference import exiting

N_LAYERS = 4
CHECKED = [1, 2, 3]
ROUNDED = 0.00501  # per cent are logged with two digits


def naive_metrics(checkpoint: Path) -> dict[str, float]:
    """Every metric in per cent, one sentence and one threshold at a time."""
    trained = load_trained_model(checkpoint)
    split = load_split(trained.data, "valid", trained.task)
    assert split.labels is not None
    entropies, correct = [], []
    for sentence, label in zip(split.sentences, split.labels, strict=True):
        with torch.no_grad():
            logits = trained.model.exit_logits(torch.tensor([sentence]))[0].tolist()
        entropies.append([exiting.entropy(row) for row in logits])
        correct.append([int(np.argmax(row)) == label for row in logits])
    metrics = {
        f"exit_{layer}_accuracy": 100 * float(np.mean([row[layer - 1] for row in correct]))
        for layer in range(1, N_LAYERS + 1)
    }
    metrics["accuracy"] = metrics[f"exit_{N_LAYERS}_accuracy"]
    points = exiting.curve(entropies, correct, CHECKED)
    for target in (2, 3):
        reached = next(accuracy for _, speedup, accuracy in points if speedup >= target)
        metrics[f"accuracy_at_{target}x"] = 100 * reached
    return metrics


def logged_metrics(line: dict[str, Any], prefix: str = "valid_") -> dict[str, float]:
    """The accuracies of a line of validation."""
    return {
        name.removeprefix(prefix): float(value)
        for name, value in line.items()
        if "accuracy" in name and "best" not in name
    }


def test_losses_are_finite_and_fall(training: Training) -> None:
    losses = training.run.losses
    assert list(losses) == list(range(1, 13 * N_EPOCHS + 1))
    for loss in losses.values():
        assert all(math.isfinite(value) for value in loss.values())
        expected = loss["ce_loss"] + 0.02 * loss["imitation_loss"]
        assert loss["loss"] == pytest.approx(expected, abs=2e-4)  # rounded to four digits
    ce_losses = [line["train_ce_loss"] for line in training.run.logged("train")]
    assert float(ce_losses[-1]) < 0.8 * float(ce_losses[0])


@pytest.mark.parametrize("epoch", [5, N_EPOCHS])  # before, every entropy is the same ln 2
def test_an_epoch_logs_what_a_naive_loop_finds(training: Training, epoch: int) -> None:
    lines = training.run.logged("valid")
    assert len(lines) == N_EPOCHS
    expected = naive_metrics(training.folder / f"checkpoint{epoch}.pt")
    assert logged_metrics(lines[epoch - 1]) == pytest.approx(expected, abs=ROUNDED)


def test_best_checkpoint_is_chosen_by_the_accuracy_at_2x(training: Training) -> None:
    scores = [float(line["valid_accuracy_at_2x"]) for line in training.run.logged("valid")]
    best = max(scores)
    assert min(scores) < best
    chosen = read_weights_only(training.folder / "checkpoint_best.pt")
    last_best = max(epoch for epoch, score in enumerate(scores, start=1) if score == best)
    own = read_weights_only(training.folder / f"checkpoint{last_best}.pt")["model"]
    assert all(torch.equal(chosen["model"][name], own[name]) for name in own)
    assert chosen["extra_state"]["best"] == best
    assert type(chosen["extra_state"]["val_loss"]) is float


def test_checkpoints_load_with_weights_only_safety(training: Training) -> None:
    paths = sorted(training.folder.glob("*.pt"))
    assert len(paths) == N_EPOCHS + 2
    for path in paths:
        assert read_weights_only(path)["cfg"]["model"]["_name"] == "past_future_roberta"


def test_validate_logs_the_metrics_of_training(training: Training) -> None:
    path = training.folder / "checkpoint_best.pt"
    command = [script("fairseq-validate"), str(training.data), "--path", str(path), "--cpu"]
    # the task reads fields of the criterion, so that fairseq-validate has to be told which
    task = [*TASK, "--criterion", "past_future", "--user-dir", str(user_dir(path.parent.parent))]
    batches = ["--batch-size", "16", "--required-batch-size-multiple", "1"]
    done = run(*command, *task, *batches, "--log-format", "json", cwd=path.parent.parent)
    assert done.status == 0, done.stderr
    (line,) = done.logged("valid")
    assert logged_metrics(line) == pytest.approx(naive_metrics(path), abs=ROUNDED)


def test_fairseqs_own_criterion_trains_the_last_exit(tiny_data: Path, tmp_path: Path) -> None:
    done = train(
        tiny_data,
        tmp_path / "checkpoints",
        "--criterion",
        "sentence_prediction",
        "--max-epoch",
        "1",
    )
    (line,) = done.logged("valid")
    expected = naive_metrics(tmp_path / "checkpoints" / "checkpoint_last.pt")
    assert float(line["valid_accuracy"]) == pytest.approx(expected["accuracy"], abs=0.0501)
