"""Recording in batches of like length, against one sentence at a time."""

import io
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.testing import assert_close

from pf_fairseq.recording.logits import batch_by_length, record_exits

PAD = 1


class ToyModel(nn.Module):
    """Sums the embeddings of all tokens but padding; exit i multiplies them by i."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(20, 3)
        self.batches: list[tuple[int, int]] = []
        self.was_inference = False

    def record_exits(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        self.batches.append((tokens.size(0), tokens.size(1)))
        self.was_inference = torch.is_inference_mode_enabled()
        kept = self.embedding(tokens) * (tokens != PAD).unsqueeze(-1)
        summed = kept.sum(dim=1)
        logits = torch.stack([summed * layer for layer in (1, 2, 3, 4)], dim=1)
        return logits, logits.sum(dim=-1, keepdim=True)


def random_sentences(n_sentences: int) -> list[list[int]]:
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(2, 40, (n_sentences,), generator=generator).tolist()
    return [torch.randint(2, 20, (length,), generator=generator).tolist() for length in lengths]


def test_order_and_values_are_those_of_one_sentence_at_a_time() -> None:
    model, sentences = ToyModel(), random_sentences(57)
    found, evidence = record_exits(model, sentences, PAD, max_batch_tokens=100)
    with torch.no_grad():
        alone = [model.record_exits(torch.tensor([sentence])) for sentence in sentences]
    assert_close(found, torch.cat([logits for logits, _ in alone]), atol=1e-6, rtol=1e-6)
    assert_close(evidence, torch.cat([each for _, each in alone]), atol=1e-6, rtol=1e-6)
    assert found.shape == (57, 4, 3) and evidence.shape == (57, 4, 1)


def test_runs_in_inference_mode_and_returns_an_ordinary_tensor() -> None:
    model = ToyModel()
    found, _ = record_exits(model, random_sentences(3), PAD)
    assert model.was_inference
    assert not found.is_inference() and not found.requires_grad


def test_half_precision_becomes_float32() -> None:
    found, _ = record_exits(ToyModel().half(), random_sentences(5), PAD)
    assert found.dtype == torch.float32


def test_batches_stay_within_the_limit_and_start_with_the_longest() -> None:
    model = ToyModel()
    record_exits(model, random_sentences(200), PAD, max_batch_tokens=128)
    assert all(n_sentences * width <= 128 for n_sentences, width in model.batches)
    widths = [width for _, width in model.batches]
    assert widths == sorted(widths, reverse=True)


@given(st.lists(st.integers(0, 50)), st.integers(1, 100))
def test_every_sentence_is_in_one_batch(lengths: list[int], limit: int) -> None:
    batches = batch_by_length(lengths, limit)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert (
            len(batch) == 1
            or len(batch) * max(lengths[index] for index in batch) <= limit
            or (max(lengths[index] for index in batch) == 0)
        )


def test_rejects_no_sentences() -> None:
    with pytest.raises(ValueError, match="at least one sentence, but is empty"):
        record_exits(ToyModel(), [], PAD)


def test_plain_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    record_exits(ToyModel(), random_sentences(100), PAD, max_batch_tokens=60)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[-1] == "100 of 100 sentences"


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    record_exits(ToyModel(), random_sentences(100), PAD)
    assert "100/100" in terminal.getvalue()
