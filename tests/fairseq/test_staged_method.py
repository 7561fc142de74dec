"""A method is one class: another than our own, with exits and stages of its own, trains."""

from pathlib import Path
from typing import Any

import pytest
import torch
from fairseq.logging import metrics
from torch import Tensor, nn
from torch.nn import functional as F
from torch.testing import assert_close

from pf_fairseq.methods import METHODS, Losses, LossOptions, TrainingStage
from pf_fairseq.methods.past_future import PastFutureMethod
from pf_fairseq.models.past_future import PastFutureModel
from pf_fairseq.modules.all_exits import AllExits, Exits
from pf_fairseq.modules.layout import Layout
from pf_fairseq.modules.steps import ExitStep, ExitSteps
from pf_fairseq.runtime.early_exit import EarlyExitRuntime
from tests.fairseq.models import TINY, build_criterion, build_model, random_tokens, sample_of
from tests.tolerances import BATCHED

N_LAYERS = TINY["encoder_layers"]
TARGETS = torch.tensor([0, 1, 1, 0, 1, 0])


class LoneExits(Exits):
    """A classifier on the first token of each layer, which knows of no other layer."""

    def __init__(self, hidden_dim: int, n_layers: int, n_classes: int) -> None:
        super().__init__(n_layers, n_classes, reaches_back=False)
        self.classifiers = nn.ModuleList(nn.Linear(hidden_dim, n_classes) for _ in range(n_layers))
        self.judge = nn.Linear(hidden_dim, 1)  # how much an exit trusts itself

    def summarise(self, hidden: Tensor, layout: Layout, layer: int) -> Tensor:
        return hidden[:, 0]

    def forward(self, summaries: Tensor) -> AllExits:
        logits = [classify(summaries[:, i]) for i, classify in enumerate(self.classifiers)]
        trust = torch.sigmoid(self.judge(summaries))
        return AllExits(torch.stack(logits, dim=1), summaries, None, trust)


class LoneStep(ExitStep):
    """One of them at inference."""

    def __init__(self, classifier: nn.Linear, judge: nn.Linear) -> None:
        super().__init__()
        self.classifier, self.judge = classifier, judge

    def observe(self, memory: Tensor, hidden: Tensor, layout: Layout) -> Tensor:
        return memory

    def classify(self, memory: Tensor, hidden: Tensor, layout: Layout) -> tuple[Tensor, Tensor]:
        return self.classifier(hidden[:, 0]), torch.sigmoid(self.judge(hidden[:, 0]))


class StagedMethod(PastFutureMethod):
    """First the encoder with its last exit, then the others on the frozen encoder."""

    name = "staged"

    def __init__(self) -> None:
        self.updates: list[int] = []

    def build_exits(self, hidden_dim: int, n_layers: int, n_classes: int, flags: Any) -> Exits:
        return LoneExits(hidden_dim, n_layers, n_classes)

    def losses(
        self, exits: AllExits, targets: Tensor, options: LossOptions, stage: TrainingStage
    ) -> Losses:
        self.updates.append(stage.update)
        logits = exits.logits[:, :-1] if stage.encoder_frozen else exits.logits[:, -1:]
        each = targets.unsqueeze(1).expand(logits.shape[:2])
        loss = F.cross_entropy(logits.transpose(1, 2), each, reduction="sum")
        return Losses(loss, {"lone_loss": loss})

    def steps(self, exits: Exits) -> ExitSteps:
        assert isinstance(exits, LoneExits)
        steps = [LoneStep(classifier, exits.judge) for classifier in exits.classifiers]
        return ExitSteps(steps, n_classes=exits.n_classes, start=torch.zeros(0), evidence_dim=1)


@pytest.fixture
def method(monkeypatch: pytest.MonkeyPatch) -> StagedMethod:
    method = StagedMethod()
    monkeypatch.setitem(METHODS, "staged", method)
    return method


def learning(data: Path, model: PastFutureModel) -> tuple[set[str], dict[str, Any]]:
    """The parts that get a gradient, and what is logged."""
    criterion = build_criterion(data).train()
    loss, _, log = criterion(model, sample_of(random_tokens(), TARGETS))
    loss.backward()
    names = {n for n, p in model.named_parameters() if p.grad is not None and p.grad.any()}
    return {n.split(".bias")[0].split(".weight")[0] for n in names}, log


def test_the_first_stage_trains_encoder_and_last_exit(
    tiny_data: Path, method: StagedMethod
) -> None:
    parts, _ = learning(tiny_data, build_model(exit_method="staged").train())
    exits = {part for part in parts if "classification_heads" in part}
    assert {part.rsplit(".", 1)[1] for part in exits} == {str(N_LAYERS - 1)}
    assert any(part.startswith("encoder.sentence_encoder.layers.0.") for part in parts)


def test_the_second_stage_trains_the_other_exits_alone(
    tiny_data: Path, method: StagedMethod
) -> None:
    frozen = {"frozen_layers": N_LAYERS, "freeze_schedule": "always"}
    parts, _ = learning(tiny_data, build_model(exit_method="staged", **frozen).train())
    assert all("classification_heads" in part for part in parts)
    assert {part.rsplit(".", 1)[1] for part in parts} == set(map(str, range(N_LAYERS - 1)))


def test_a_partly_frozen_encoder_is_not_frozen(tiny_data: Path, method: StagedMethod) -> None:
    flags = {"frozen_layers": N_LAYERS - 1, "freeze_schedule": "always"}
    model = build_model(exit_method="staged", **flags)
    assert not model.training_stage.encoder_frozen
    drawn = {"frozen_layers": N_LAYERS, "freeze_schedule": "depth"}  # thawed now and then
    assert not build_model(exit_method="staged", **drawn).training_stage.encoder_frozen


def test_the_method_knows_the_update(tiny_data: Path, method: StagedMethod) -> None:
    model = build_model(exit_method="staged").train()
    for update in (0, 7):
        model.set_num_updates(update)
        learning(tiny_data, model)
    assert method.updates == [0, 7]


def test_its_losses_are_logged_by_their_names(tiny_data: Path, method: StagedMethod) -> None:
    _, log = learning(tiny_data, build_model(exit_method="staged").train())
    criterion = build_criterion(tiny_data)
    with metrics.aggregate(new_root=True) as meters:
        criterion.reduce_metrics([log, log])
    mean = float(log["lone_loss"]) / len(TARGETS)
    assert float(meters["lone_loss"].avg) == pytest.approx(mean, abs=1e-4)  # rounded when logged


def test_what_a_policy_is_given_is_the_same_trained_and_served(method: StagedMethod) -> None:
    model = build_model(exit_method="staged").eval()
    runtime = EarlyExitRuntime(
        model.sentence_encoder, model.inference_exits(), vocab_size=55, max_positions=40
    ).eval()
    tokens = random_tokens()
    with torch.no_grad():
        expected = model.record_exits(tokens)
    found = torch.jit.script(runtime).record_exits(tokens)
    for ours, theirs in zip(found, expected, strict=True):
        assert_close(ours, theirs, **BATCHED)
    assert found[1].shape == (6, N_LAYERS, 1) and len(found[1].unique()) > N_LAYERS
