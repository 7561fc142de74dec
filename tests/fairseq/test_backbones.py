"""BERT and ALBERT as fairseq's task builds them: segments, the shared layer, sizes of exits."""

import re
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
import torch
from fairseq.models import ARCH_CONFIG_REGISTRY, ARCH_MODEL_REGISTRY, MODEL_DATACLASS_REGISTRY
from torch import Tensor

from pf_fairseq.backbones.catalogue import BACKBONES
from pf_fairseq.criterions.past_future import PastFutureCriterion
from pf_fairseq.models.past_future import PastFutureModel
from pf_fairseq.models.registered import ARCHS, MODELS
from pf_fairseq.registration import register
from tests.fairseq.models import HEAD, TINY, build_criterion, random_tokens, sample_of
from tests.fairseq.models import task as task_of

DOCS = Path(__file__).parent.parent.parent / "docs" / "backbones.md"


def config(backbone: str, **flags: Any) -> Any:
    return MODEL_DATACLASS_REGISTRY[BACKBONES[backbone].model_name](**flags)


def build(backbone: str, **flags: Any) -> PastFutureModel:
    torch.manual_seed(0)
    model = MODELS[backbone].build_model(config(backbone, **{**TINY, **flags}), task_of())
    model.register_classification_head(HEAD, num_classes=2)
    return model


def _encoder_gradients(model: PastFutureModel) -> dict[str, Tensor | None]:
    return {name: p.grad for name, p in model.named_parameters() if name.startswith("encoder")}


@pytest.mark.parametrize(
    "arch", ["roberta_base", "bert_base", "albert_base", "mpnet_base", "bert_large"]
)
def test_archs_are_registered(arch: str) -> None:
    register()
    name = f"past_future_{arch}"
    assert ARCH_MODEL_REGISTRY[name] is MODELS[arch.split("_")[0]]
    assert name in ARCHS
    if arch.endswith("large"):
        args = Namespace()
        ARCH_CONFIG_REGISTRY[name](args)
        assert (args.encoder_layers, args.encoder_embed_dim) == (24, 1024)


@pytest.mark.parametrize("backbone", ["bert", "albert", "mpnet"])
def test_every_parameter_is_trained(backbone: str, tiny_data: Path) -> None:
    model = build(backbone).train()
    criterion: PastFutureCriterion = build_criterion(tiny_data)
    tokens = random_tokens()
    tokens[:, 3] = 2  # a pair: both segments
    loss, _, _ = criterion(model, sample_of(tokens, torch.tensor([0, 1] * 3)))
    loss.backward()
    names = [name for name, gradient in _encoder_gradients(model).items() if gradient is None]
    assert names == []
    assert all(p.grad is not None for p in model.exits().parameters())


def test_the_second_text_has_another_segment() -> None:
    model = build("bert").eval()
    tokens = torch.tensor([[0, 7, 8, 2, 9, 10, 2], [0, 7, 2, 8, 9, 2, 1]])
    with torch.no_grad():
        before, _ = model.sentence_encoder.embed(tokens)
        model.sentence_encoder.embeddings.embed_segments.weight[1] += torch.randn(32)
        moved = (model.sentence_encoder.embed(tokens)[0] != before).any(dim=-1)
    assert moved[0].tolist() == [False] * 4 + [True] * 3
    assert moved[1, :6].tolist() == [False] * 3 + [True] * 3


def test_albert_has_one_layer() -> None:
    model = build("albert")
    deeper = build("albert", encoder_layers=8)
    count = [sum(p.numel() for p in m.sentence_encoder.parameters()) for m in (model, deeper)]
    assert count[0] == count[1]
    layers = list(model.sentence_encoder.layers)
    assert len(layers) == 4 and all(layer is layers[0] for layer in layers)
    for copies in ("layers.0.fc1.weight", "layers.3.fc1.weight"):
        assert f"encoder.sentence_encoder.{copies}" in model.state_dict()


@pytest.mark.parametrize("backbone", MODELS)
def test_always_frozen(backbone: str, tiny_data: Path) -> None:
    model = build(backbone, frozen_layers=4, freeze_schedule="always").train()
    assert not any(p.requires_grad for p in model.encoder.parameters())
    sample = sample_of(random_tokens(), torch.tensor([0, 1] * 3))
    loss, _, _ = build_criterion(tiny_data)(model, sample)
    loss.backward()
    assert all(gradient is None for gradient in _encoder_gradients(model).values())
    assert all(p.grad is not None for p in model.exits().parameters())


@pytest.mark.parametrize(
    "flags",
    [
        {"frozen_layers": 2, "freeze_schedule": "always"},
        {"frozen_layers": 4, "freeze_schedule": "depth"},
    ],
)
def test_a_part_of_albert_cannot_be_frozen(flags: dict[str, Any]) -> None:
    with pytest.raises(SystemExit, match="ALBERT's layers are one"):
        build("albert", **flags)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"state_dim": 8, "state": "raw"}, "is the width of pooled states, but is 8"),
        ({"state_dim": -1}, "must not be negative, but is -1"),
    ],
)
def test_a_state_dim_that_cannot_be(flags: dict[str, Any], message: str) -> None:
    with pytest.raises(SystemExit, match=re.escape(message)):
        build("bert", **flags)


# How many parameters exits add, as the documentation says


def _documented() -> list[tuple[str, float, float]]:
    rows = re.findall(r"^\| (.*?) \| ([\d.]+) \| ([\d.]+) \|$", DOCS.read_text(), re.MULTILINE)
    return [(flags.strip("`"), float(base), float(large)) for flags, base, large in rows]


@pytest.mark.parametrize(("flags", "base", "large"), _documented())
def test_documented_size_of_exits(flags: str, base: float, large: float) -> None:
    words = [] if flags == "(none)" else flags.split()
    given: dict[str, Any] = {}
    for word in words:
        if word.startswith("--"):
            name = word.removeprefix("--").replace("-", "_")
            given[name] = True
        else:
            given[name] = int(word) if word.isdecimal() else word
    shapes = [{"encoder_layers": 12, "encoder_embed_dim": 768, "encoder_attention_heads": 12}]
    shapes += [{"encoder_layers": 24, "encoder_embed_dim": 1024, "encoder_attention_heads": 16}]
    with torch.device("meta"):
        for shape, documented in zip(shapes, (base, large), strict=True):
            exits = build("bert", **shape, **given).exits()
            assert round(sum(p.numel() for p in exits.parameters()) / 1e6, 2) == documented


def test_exits_do_not_swamp_albert() -> None:
    register()
    with torch.device("meta"):
        cfg = config("albert", max_positions=512, max_update=0, seed=1)
        model = MODELS["albert"].build_model(cfg, task_of(n_words=29995))
        model.register_classification_head(HEAD, num_classes=2)
    encoder = sum(p.numel() for p in model.encoder.parameters())
    exits = sum(p.numel() for p in model.exits().parameters())
    assert round(encoder / 1e6, 1) == 11.1  # the published 11.7 M less pooler
    assert exits < encoder / 4
