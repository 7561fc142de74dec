"""fp16 and bf16: losses, entropies and gradients stay finite, also where a probability is 0."""

import math
from pathlib import Path

import pytest
import torch

from pf_fairseq.criterions.scores import unpack_scores
from pf_fairseq.losses import imitation_loss, layer_weighted_cross_entropy
from pf_fairseq.modules.entropy import exit_entropy
from pf_fairseq.modules.exits import MERGE_SPACES
from pf_fairseq.modules.incorporation import INCORPORATIONS
from pf_fairseq.trained.loading import load_trained_model
from tests.fairseq.commands import read_weights_only, train
from tests.fairseq.conftest import Training
from tests.fairseq.models import HEAD, build_criterion, build_model, random_tokens, sample_of

HALVES = [torch.float16, torch.bfloat16]
TARGETS = torch.tensor([0, 1] * 3)
N_UPDATES = 6


@pytest.mark.parametrize("dtype", [torch.float32, *HALVES])
def test_a_probability_of_zero_costs_a_finite_loss(dtype: torch.dtype) -> None:
    logits = torch.tensor([[[200.0, -200.0], [-200.0, 200.0], [3.0, 3.0]]], dtype=dtype)
    assert torch.softmax(logits, dim=-1).min() == 0
    logits.requires_grad_()
    loss = layer_weighted_cross_entropy(logits, torch.tensor([1]))
    loss.backward()
    assert loss.dtype == torch.float32
    assert float(loss.detach()) == pytest.approx(400 / 6 + math.log(2) * 3 / 6, rel=1e-5)
    assert logits.grad is not None and logits.grad.isfinite().all()
    entropy = exit_entropy(logits.detach())
    torch.testing.assert_close(entropy, torch.tensor([[0.0, 0.0, math.log(2)]]))


@pytest.mark.parametrize("dtype", [torch.float32, *HALVES])
def test_states_of_zero_cost_a_finite_imitation_loss(dtype: torch.dtype) -> None:
    imitated = torch.zeros(2, 2, 2, 8, dtype=dtype, requires_grad=True)
    loss = imitation_loss(imitated, torch.zeros(2, 3, 8, dtype=dtype))
    loss.backward()
    assert loss.dtype == torch.float32 and float(loss.detach()) == 2.0  # cosines of 0, 2 sentences
    assert imitated.grad is not None and imitated.grad.isfinite().all()


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("merge_space", MERGE_SPACES)
@pytest.mark.parametrize("incorporation", INCORPORATIONS)
def test_losses_of_a_half_precision_model(
    incorporation: str, merge_space: str, dtype: torch.dtype, tiny_data: Path
) -> None:
    flags = {"incorporation": incorporation, "merge_space": merge_space, "dropout": 0.0}
    model = build_model(**flags, attention_dropout=0.0)
    with torch.no_grad():  # surer than a fresh model, so that digits count
        for parameter in model.classification_heads.parameters():
            parameter.mul_(10)
    sample = sample_of(random_tokens(), TARGETS)
    criterion = build_criterion(tiny_data)
    with torch.no_grad():
        expected, _, _ = criterion.train()(model.train(), sample)
    loss, _, log = criterion(model.to(dtype), sample)
    assert loss.dtype == torch.float32
    assert float(loss.detach()) == pytest.approx(float(expected), rel=0.05)
    assert all(torch.as_tensor(value).isfinite().all() for value in log.values())
    loss.backward()
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    assert gradients and all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize("dtype", HALVES)
def test_validation_of_a_model_that_is_very_sure(dtype: torch.dtype, tiny_data: Path) -> None:
    model = build_model()
    exits = model.exits(HEAD)
    with torch.no_grad():
        assert exits.classifier is not None
        exits.classifier.weight.normal_(std=1.0)
        exits.classifier.bias.copy_(torch.tensor([300.0, -300.0]))
    model = model.to(dtype).eval()
    criterion = build_criterion(tiny_data).eval()
    with torch.no_grad():
        loss, _, log = criterion(model, sample_of(random_tokens(), TARGETS))
    entropies, correct = unpack_scores(log["scores"])
    assert log["scores"].dtype == torch.float32
    assert loss.isfinite() and entropies.isfinite().all() and (entropies >= 0).all()
    assert torch.equal(correct, (TARGETS == 0).unsqueeze(1).expand(6, 4))


def test_fp16_on_a_cpu_trains_like_fp32(training: Training, tmp_path: Path) -> None:
    # The flat fp32 copy of plain --fp16 lies on a GPU; --bf16 asks for a GPU or a TPU.
    flags = ["--fp16", "--fp16-no-flatten-grads", "--imitation-weight", "0.02", "--seed", "3"]
    folder = tmp_path / "checkpoints"
    done = train(training.data, folder, *flags, "--max-update", str(N_UPDATES))
    assert list(done.losses) == list(range(1, N_UPDATES + 1))
    for update, losses in done.losses.items():
        assert losses == pytest.approx(training.run.losses[update], abs=0.02)
    (line,) = done.logged("valid")
    assert all(math.isfinite(float(value)) for name, value in line.items() if "accuracy" in name)
    weights = read_weights_only(folder / "checkpoint_last.pt")["model"]
    assert all(torch.equal(w, w.half().float()) for w in weights.values())  # saved in fp32
    trained = load_trained_model(folder / "checkpoint_last.pt")
    assert trained.model.exit_logits(random_tokens()).isfinite().all()


def test_bf16_on_a_cpu_is_for_training_alone() -> None:
    no_dropout = {"dropout": 0.0, "attention_dropout": 0.0}
    plain, ours = build_model(**no_dropout), build_model(**no_dropout, cpu_bf16=True)
    tokens = random_tokens(n_sentences=24)  # more than a group of like length
    with torch.no_grad():
        assert torch.equal(ours.eval().exit_logits(tokens), plain.eval().exit_logits(tokens))
        expected, exits = plain.train().all_exits(tokens), ours.train().all_exits(tokens)
    assert exits.states.dtype == torch.float32
    torch.testing.assert_close(exits.states, expected.states, rtol=0.05, atol=2e-3)
    assert not torch.equal(exits.states, expected.states)  # or nothing was in bfloat16
    layer_weighted_cross_entropy(
        ours.all_exits(tokens).logits, torch.zeros(24, dtype=torch.long)
    ).backward()
    assert all(p.grad is None or p.grad.dtype == torch.float32 for p in ours.parameters())


def test_bf16_on_a_cpu_trains_like_fp32(training: Training, tmp_path: Path) -> None:
    flags = ["--cpu-bf16", "--imitation-weight", "0.02", "--seed", "3"]
    folder = tmp_path / "checkpoints"
    done = train(training.data, folder, *flags, "--max-update", str(N_UPDATES))
    assert list(done.losses) == list(range(1, N_UPDATES + 1))
    for update, losses in done.losses.items():
        assert losses == pytest.approx(training.run.losses[update], abs=0.02)
    weights = read_weights_only(folder / "checkpoint_last.pt")["model"]
    assert not all(torch.equal(w, w.bfloat16().float()) for w in weights.values())
    trained = load_trained_model(folder / "checkpoint_last.pt")
    assert trained.model.exit_logits(random_tokens()).isfinite().all()
