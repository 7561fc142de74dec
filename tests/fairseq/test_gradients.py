"""No parameter is left without a gradient, whatever the flags: DDP would complain of it."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.testing import assert_close

from pf_fairseq.losses import layer_weighted_cross_entropy
from pf_fairseq.modules.exits import MERGE_SPACES
from pf_fairseq.modules.imitation import LEARNER_ACTIVATIONS
from pf_fairseq.modules.incorporation import INCORPORATIONS
from pf_fairseq.modules.states import READOUTS, STATES
from tests.fairseq.models import build_criterion, build_model, random_tokens, sample_of

ABLATIONS = ("no_past", "no_future", "no_gate", "no_detach_past", "no_detach_imitation")


def _parameters_without_gradient(data: Path, criterion_flags: Any, **flags: Any) -> list[str]:
    model = build_model(**{"encoder_layers": 3, **flags}).train()
    sample = sample_of(random_tokens(), torch.tensor([0, 1] * 3))
    loss, n_sentences, _ = build_criterion(data, **criterion_flags).train()(model, sample)
    assert n_sentences == 6
    loss.backward()
    learning = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    assert learning
    return [name for name, parameter in learning if parameter.grad is None]


@pytest.mark.parametrize("incorporation", INCORPORATIONS)
@pytest.mark.parametrize("merge_space", MERGE_SPACES)
def test_no_ablation_leaves_a_parameter_unused(
    incorporation: str, merge_space: str, tiny_data: Path
) -> None:
    for given in product((False, True), repeat=len(ABLATIONS)):
        flags: dict[str, Any] = dict(zip(ABLATIONS, given, strict=True))
        flags.update(incorporation=incorporation, merge_space=merge_space)
        assert _parameters_without_gradient(tiny_data, {}, **flags) == [], flags


@pytest.mark.parametrize("imitation_weight", [0.0, 1.0])
@pytest.mark.parametrize("n_layers", [2, 4])
def test_no_shape_leaves_a_parameter_unused(
    imitation_weight: float, n_layers: int, tiny_data: Path
) -> None:
    for readout, state, activation in product(READOUTS, STATES, LEARNER_ACTIVATIONS):
        flags = {"readout": readout, "state": state, "learner_activation": activation}
        weight = {"imitation_weight": imitation_weight}
        unused = _parameters_without_gradient(tiny_data, weight, encoder_layers=n_layers, **flags)
        assert unused == [], flags


def test_the_loss_follows_its_flags(tiny_data: Path) -> None:
    model = build_model().eval()
    sample = sample_of(random_tokens(), torch.tensor([0, 1] * 3))
    flags = {"distillation": 0.5, "layer_weight_power": 2.0, "imitation_weight": 0.0}
    criterion = build_criterion(tiny_data, **flags).eval()
    targets = sample["target"].view(-1)
    with torch.no_grad():
        loss, _, _ = criterion(model, sample)
        logits = model.exit_logits(sample["net_input"]["src_tokens"])
    assert_close(loss, layer_weighted_cross_entropy(logits, targets, 0.5, 2.0))
    for other in ((0.0, 2.0), (0.5, 1.0)):
        assert (layer_weighted_cross_entropy(logits, targets, *other) - loss).abs() > 1e-4


@pytest.mark.parametrize("n_frozen", [1, 3])
@pytest.mark.parametrize("schedule", ["always", "depth", "step"])
def test_no_freezing_leaves_a_parameter_unused(
    n_frozen: int, schedule: str, tiny_data: Path
) -> None:
    flags = {"frozen_layers": n_frozen, "freeze_schedule": schedule}
    assert _parameters_without_gradient(tiny_data, {}, **flags) == []
