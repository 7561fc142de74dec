"""A policy is one class: two that the library lacks run recorded, eager, scripted and loaded."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.testing import assert_close

from pf_fairseq.exiting.curve import trade_off_curve
from pf_fairseq.exiting.operating_points import find_operating_point
from pf_fairseq.exiting.policy import choose_exits
from pf_fairseq.exiting.recorded import RecordedExits
from pf_fairseq.modules.layout import Layout
from pf_fairseq.modules.policies import MaxProbabilityPolicy, Policy
from pf_fairseq.modules.policy_description import PolicyDescription
from pf_fairseq.modules.steps import ExitStep, ExitSteps
from pf_fairseq.modules.steps.past_future import past_future_steps
from pf_fairseq.runtime.early_exit import EarlyExitRuntime
from tests.runtime.tiny import (
    FORMS,
    MAX_POSITIONS,
    N_CLASSES,
    N_LAYERS,
    SHAPE,
    VOCAB_SIZE,
    build_parts,
    draw_sentences,
    pad,
    reload,
)
from tests.tolerances import BATCHED

SENTENCES = draw_sentences(40, seed=4)
CHECKS = [(1, 1), (2, 1), (1, 2)]


class PatiencePolicy(Policy):
    """Leave once so many checked exits in a row have agreed with the one before them."""

    description = PolicyDescription("patience", "exits", sign=1, never=1e6)
    memory_dim = 2  # the last prediction, counted from 1, and how often it was confirmed

    def update(self, memory: Tensor, logits: Tensor, evidence: Tensor) -> tuple[Tensor, Tensor]:
        """Score is the number of agreements in a row."""
        prediction = logits.argmax(dim=-1).to(torch.float32) + 1.0
        agrees = prediction == memory[:, 0]
        count = torch.where(agrees, memory[:, 1] + 1.0, torch.zeros_like(prediction))
        return torch.stack([prediction, count], dim=1), count


class VotePolicy(Policy):
    """Leave once so many of the checked exits have voted for the class that leads."""

    description = PolicyDescription("vote", "votes", sign=1, never=1e6)
    memory_per_class = 1  # its votes

    def update(self, memory: Tensor, logits: Tensor, evidence: Tensor) -> tuple[Tensor, Tensor]:
        """Score is the number of votes of the class that leads."""
        votes = F.one_hot(logits.argmax(dim=-1), logits.size(-1)).to(torch.float32)
        memory = memory + votes
        return memory, memory.amax(dim=-1)


class LearnedPolicy(Policy):
    """Leave once what the method says of its own exit falls below the parameter."""

    description = PolicyDescription("learned", "score", sign=-1, never=-1.0)

    def update(self, memory: Tensor, logits: Tensor, evidence: Tensor) -> tuple[Tensor, Tensor]:
        """Score is the evidence."""
        return memory, evidence[:, 0]


class WithEvidence(ExitStep):
    """Another method's step around a past-future one: it also gives a number, off its states."""

    def __init__(self, step: ExitStep) -> None:
        super().__init__()
        self.step = step
        self.judge = nn.Linear(SHAPE.hidden_dim, 1)

    def observe(self, memory: Tensor, hidden: Tensor, layout: Layout) -> Tensor:
        """As the step inside."""
        return self.step.observe(memory, hidden, layout)

    def classify(self, memory: Tensor, hidden: Tensor, layout: Layout) -> tuple[Tensor, Tensor]:
        """Logits of the step inside, and a number between 0 and 1 out of the first token."""
        logits, _ = self.step.classify(memory, hidden, layout)
        return logits, torch.sigmoid(self.judge(hidden[:, 0])).to(torch.float32)


def build(policy: Policy, form: str, *, first: int = 1, interval: int = 1) -> Any:
    """A runtime in one of the three forms; its method gives evidence."""
    encoder, exits = build_parts("folded")
    torch.manual_seed(5)
    inner = past_future_steps(exits)
    steps = ExitSteps(
        [WithEvidence(step) for step in inner.steps],  # type: ignore[arg-type]
        n_classes=N_CLASSES,
        start=inner.start,
        evidence_dim=1,
    )
    runtime = EarlyExitRuntime(
        encoder,
        steps,
        policy,
        vocab_size=VOCAB_SIZE,
        max_positions=MAX_POSITIONS,
        min_exit_layer=first,
        check_interval=interval,
    )
    runtime.eval().requires_grad_(False)
    if form == "eager":
        return runtime
    scripted = torch.jit.script(runtime)
    return scripted if form == "scripted" else reload(scripted)


def record(module: Any) -> RecordedExits:
    """Every exit of every sentence alone, as the archive gives them."""
    found = [module.record_exits(pad([sentence])) for sentence in SENTENCES]
    logits, evidence = (torch.cat(column) for column in zip(*found, strict=True))
    assert logits.shape == (len(SENTENCES), N_LAYERS, N_CLASSES)
    assert evidence.shape == (len(SENTENCES), N_LAYERS, 1)
    return RecordedExits(logits, logits[:, -1].argmax(dim=-1), evidence)


def naive_patience(row: list[int], patience: float, checked: list[int]) -> int:
    """Walk along the checked exits, counting agreements with the checked exit before."""
    last, count = None, 0
    for layer in checked:
        count = count + 1 if row[layer - 1] == last else 0
        last = row[layer - 1]
        if count > patience:
            return layer
    return len(row)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("first", "interval"), CHECKS)
def test_patience_counts_checked_exits_alone(first: int, interval: int, form: str) -> None:
    module = build(PatiencePolicy(), form, first=first, interval=interval)
    recorded = record(module)
    scores = recorded.scores(PatiencePolicy(), min_exit_layer=first, check_interval=interval)
    checked = list(range(first, N_LAYERS, interval))
    seen = set()
    for patience in (-0.5, 0.5, 1.5, 2.5, 1e6):
        expected = [naive_patience(row, patience, checked) for row in recorded.predictions.tolist()]
        assert choose_exits(scores, patience).tolist() == expected
        _, exit_layer, _ = module(pad(SENTENCES), torch.tensor(patience))
        assert exit_layer.tolist() == expected
        seen |= set(expected)
    assert len(seen) > 1
    _, exit_layer, _ = module(pad(SENTENCES))
    assert exit_layer.tolist() == [N_LAYERS] * len(SENTENCES), "its own `never` is the default"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "policy", [PatiencePolicy, VotePolicy, LearnedPolicy, MaxProbabilityPolicy]
)
def test_a_calibrated_parameter_does_at_run_time_what_it_promised(
    policy: type[Policy], form: str
) -> None:
    module = build(policy(), form)
    recorded = record(module)
    scores = recorded.scores(policy())
    curve = trade_off_curve(scores, recorded.correct)
    assert len(curve) > 2
    for target in (1.2, 1.5, 2.0):
        point = find_operating_point(recorded, scores, curve, target, ["accuracy"])
        assert point.reached is not None and point.reached.speedup >= target
        parameter = torch.tensor(point.reached.threshold)
        found = [module(pad([sentence]), parameter) for sentence in SENTENCES]
        exits = torch.cat([exit_layer for _, exit_layer, _ in found])
        assert torch.equal(exits, choose_exits(scores, point.reached.threshold))
        counts = torch.bincount(exits, minlength=N_LAYERS + 1)[1:].tolist()
        assert counts == point.reached.exit_counts


def naive_votes(row: list[int], wanted: float, checked: list[int]) -> int:
    """Count the votes of each class along the checked exits."""
    for number, layer in enumerate(checked, start=1):
        so_far = [row[each - 1] for each in checked[:number]]
        if max(so_far.count(k) for k in range(N_CLASSES)) > wanted:
            return layer
    return len(row)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("first", "interval"), CHECKS)
def test_votes_are_counted_for_each_class(first: int, interval: int, form: str) -> None:
    module = build(VotePolicy(), form, first=first, interval=interval)
    recorded = record(module)
    scores = recorded.scores(VotePolicy(), min_exit_layer=first, check_interval=interval)
    checked = list(range(first, N_LAYERS, interval))
    for wanted in (0.5, 1.5, 2.5, 1e6):
        expected = [naive_votes(row, wanted, checked) for row in recorded.predictions.tolist()]
        assert choose_exits(scores, wanted).tolist() == expected
        assert module(pad(SENTENCES), torch.tensor(wanted))[1].tolist() == expected


@pytest.mark.parametrize("form", FORMS)
def test_evidence_is_each_exits_own(form: str) -> None:
    """Its layers' states decide it, and it stays with its sentence when others have left."""
    module = build(LearnedPolicy(), form)
    recorded = record(module)
    assert recorded.evidence is not None
    _, batched = module.record_exits(pad(SENTENCES))
    assert_close(batched, recorded.evidence, **BATCHED)
    assert len(recorded.evidence.unique()) > 2 * N_LAYERS
    taus = recorded.evidence[:, 1, 0] + 1e-3  # each leaves at the second exit at the latest
    _, exit_layer, _ = module(pad(SENTENCES), taus)
    first = recorded.evidence[:, 0, 0] < taus
    assert exit_layer.tolist() == [1 if early else 2 for early in first.tolist()]


def test_forced_exits_ask_no_policy() -> None:
    module = build(PatiencePolicy(), "scripted")
    layers = torch.arange(len(SENTENCES)) % N_LAYERS + 1
    assert torch.equal(module.forward_at(pad(SENTENCES), layers)[1], layers)


def test_a_nan_parameter_is_refused_in_the_policys_words() -> None:
    module = build(PatiencePolicy(), "scripted")
    message = r"must be a number \(exits\), but is NaN for sentence 0 .*Use 1e.06 to never"
    with pytest.raises(torch.jit.Error, match=message):
        module(pad(SENTENCES), torch.tensor(torch.nan))
