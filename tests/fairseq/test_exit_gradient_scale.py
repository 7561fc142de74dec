"""`--exit-gradient-scale`: what earlier exits send into the encoder, against a loop over exits."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from pf_fairseq.losses import imitation_loss, layer_weights
from pf_fairseq.models.config import PastFutureConfig
from pf_fairseq.models.past_future import PastFutureModel
from pf_fairseq.models.registered import MODELS
from tests.fairseq.models import build_criterion, build_model, random_tokens, sample_of, task
from tests.tolerances import GRADIENT

TARGETS = torch.tensor([0, 1, 1, 0, 1, 0])
IMITATION_WEIGHT = 0.7
WHOLE = {"no_detach_past": True, "no_detach_imitation": True}


def naive_gradients(model: PastFutureModel, tokens: Tensor, scale: float) -> dict[str, Tensor]:
    """One backward pass per exit; what reaches the encoder from all but the last is scaled."""
    assert model.cfg.exit_gradient_scale == 1.0
    total = {name: torch.zeros_like(p) for name, p in model.named_parameters()}
    for layer in range(1, model.n_layers + 1):
        model.zero_grad()
        _loss_of_exit(model, tokens, layer).backward()
        for name, parameter in model.named_parameters():
            if parameter.grad is not None:
                before_last = name.startswith("encoder.") and layer < model.n_layers
                total[name] += parameter.grad * (scale if before_last else 1.0)
    return total


def _loss_of_exit(model: PastFutureModel, tokens: Tensor, layer: int) -> Tensor:
    """The exit's terms of Eq. (13): its weighted cross entropy, and the imitation that it does."""
    exits = model.all_exits(tokens)
    log_p = torch.log_softmax(exits.logits[:, layer - 1], dim=-1)
    weight = layer_weights(model.n_layers, tokens.device)[layer - 1]
    loss = -weight * log_p[torch.arange(len(TARGETS)), TARGETS].sum()
    if layer == model.n_layers or exits.imitated is None:
        return loss
    own = torch.zeros(model.n_layers - 1, dtype=torch.bool)
    own[layer - 1] = True
    imitated = torch.where(own[:, None, None], exits.imitated, exits.imitated.detach())
    return loss + IMITATION_WEIGHT * imitation_loss(imitated, exits.states)


def gradients(data: Path, model: PastFutureModel, tokens: Tensor) -> dict[str, Tensor]:
    model.zero_grad()
    criterion = build_criterion(data, imitation_weight=IMITATION_WEIGHT).train()
    loss, _, _ = criterion(model, sample_of(tokens, TARGETS))
    loss.backward()
    return {
        n: torch.zeros_like(p) if p.grad is None else p.grad for n, p in model.named_parameters()
    }


@pytest.mark.parametrize("scale", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(
    "flags",
    [
        {},
        {"incorporation": "attn", "merge_space": "logit"},
        {"no_detach_imitation": True},
        WHOLE,
        {**WHOLE, "incorporation": "avg", "readout": "mean"},
        {"no_past": True, "no_future": True},
    ],
    ids=lambda flags: "-".join(flags) or "default",
)
def test_gradients_match_a_loop_over_exits(
    flags: dict[str, Any], scale: float, tiny_data: Path
) -> None:
    no_dropout = {"dropout": 0.0, "attention_dropout": 0.0}
    tokens = random_tokens()
    paper = build_model(exit_gradient_scale=1.0, **no_dropout, **flags).train()
    expected = naive_gradients(paper, tokens, scale)
    model = build_model(exit_gradient_scale=scale, **no_dropout, **flags).train()
    assert_close(gradients(tiny_data, model, tokens), expected, **GRADIENT)


def test_values_do_not_depend_on_the_scale(tiny_data: Path) -> None:
    tokens = random_tokens()
    found = [
        build_model(exit_gradient_scale=scale, **WHOLE).eval().all_exits(tokens).logits
        for scale in (0.0, 0.1, 1.0)
    ]
    assert torch.equal(found[0], found[2])
    assert torch.equal(found[1], found[2])


def test_the_exits_leave_a_tenth_by_default() -> None:
    assert PastFutureConfig().exit_gradient_scale == 0.1


@pytest.mark.parametrize("scale", [-0.1, 1.5, math.nan])
def test_a_scale_out_of_range_is_refused(scale: float) -> None:
    cfg = build_model().cfg
    cfg.exit_gradient_scale = scale
    with pytest.raises(SystemExit, match=r"`--exit-gradient-scale` must be between 0 .*but is"):
        MODELS["roberta"].build_model(cfg, task())
