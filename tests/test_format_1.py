"""Checkpoints and archives of the version that wrote format 1 load, and answer as they did then."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from pf_fairseq import EarlyExitClassifier
from pf_fairseq.text.fingerprint import DataFingerprint
from tests.fairseq.commands import OPTIMIZER, TASK, run, script, user_dir
from tests.tolerances import BATCHED

FORMAT_1 = Path(__file__).parent / "data" / "format_1"
EXPECTED: dict[str, Any] = json.loads((FORMAT_1 / "expected.json").read_text(encoding="utf-8"))
RUNS = EXPECTED["runs"]


@pytest.fixture(scope="module")
def archive() -> EarlyExitClassifier:
    return EarlyExitClassifier.load(FORMAT_1 / "model.pt")


@pytest.fixture(scope="module")
def checkpoint() -> EarlyExitClassifier:
    return EarlyExitClassifier.load(FORMAT_1 / "checkpoint.pt", FORMAT_1 / "data-bin")


def assert_as_then(classifier: EarlyExitClassifier, answers: dict[str, Any], **choice: Any) -> None:
    found = classifier.predict(EXPECTED["texts"], **choice)
    assert [prediction.exit_layer for prediction in found] == answers["exit_layer"]
    for prediction, logits in zip(found, answers["logits"], strict=True):
        assert prediction.logits == pytest.approx(logits, abs=BATCHED["atol"])
        assert prediction.label == str(logits.index(max(logits)))


@pytest.mark.parametrize("answers", RUNS, ids=lambda answers: str(answers["threshold"]))
def test_the_archive_answers_as_it_did(answers: dict[str, Any], archive: Any) -> None:
    assert_as_then(archive, answers, threshold=answers["threshold"])
    assert_as_then(archive, answers, threshold=answers["threshold"], batch_size=1)


@pytest.mark.parametrize("answers", RUNS[1:], ids=lambda answers: str(answers["threshold"]))
def test_the_checkpoint_answers_as_it_did(answers: dict[str, Any], checkpoint: Any) -> None:
    assert_as_then(checkpoint, answers, threshold=answers["threshold"])


def test_the_archive_knows_its_points(archive: EarlyExitClassifier) -> None:
    points = json.loads((FORMAT_1 / "operating_points.json").read_text(encoding="utf-8"))
    for point in points["operating_points"]:
        chosen = archive.predict(EXPECTED["texts"], speedup=point["target_speedup"])
        assert chosen == archive.predict(EXPECTED["texts"], threshold=point["threshold"])


def test_the_module_alone_runs_in_torch() -> None:
    module = torch.jit.load(FORMAT_1 / "model.pt")
    for tokens, layer in zip(EXPECTED["inputs"], RUNS[0]["exit_layer"], strict=True):
        assert int(module(torch.tensor([tokens]))[1]) == layer


def test_training_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """Weights, Adam's state and the place in the data: the losses are those of then."""
    (tmp_path / "checkpoints").mkdir()
    shutil.copy(FORMAT_1 / "checkpoint.pt", tmp_path / "checkpoints" / "checkpoint_last.pt")
    shutil.copytree(FORMAT_1 / "data-bin", tmp_path / "data-bin")
    shape = ["--encoder-layers", "3", "--encoder-embed-dim", "24", "--encoder-ffn-embed-dim", "24"]
    shape += ["--encoder-attention-heads", "2", "--max-positions", "64"]
    method = ["--arch", "past_future_roberta", "--criterion", "past_future"]
    method += ["--no-detach-imitation", "--imitation-weight", "0.02", "--exit-gradient-scale", "1"]
    flags = [*TASK, *OPTIMIZER, "--lr", "0.004", "--weight-decay", "0", "--clip-norm", "0"]
    flags += [*method, *shape, "--max-update", "63", "--seed", "3", "--validate-interval", "100"]
    flags += ["--cpu", "--log-format", "json", "--log-interval", "1", "--no-epoch-checkpoints"]
    flags += ["--user-dir", str(user_dir(tmp_path)), "--save-dir", "checkpoints"]
    done = run(script("fairseq-train"), "data-bin", *flags, cwd=tmp_path)
    assert done.status == 0, done.stderr
    for update, losses in EXPECTED["resumed"].items():
        for name, loss in losses.items():
            assert done.losses[int(update)][name] == pytest.approx(loss, abs=2e-4), (update, name)
    state = torch.load(tmp_path / "checkpoints" / "checkpoint_last.pt", weights_only=True)
    assert state["optimizer_history"][-1]["num_updates"] == 63
    assert "has no fingerprint of its data" in done.stderr + done.stdout
    known = state["extra_state"]["data_fingerprint"]  # resuming adds one
    assert known == DataFingerprint.of_data_bin(FORMAT_1 / "data-bin").to_json()
