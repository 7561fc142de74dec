"""Frozen layers: what is drawn, and that a frozen layer keeps every bit through an update."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from fairseq import optim
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn

from pf_fairseq.losses import layer_weighted_cross_entropy
from pf_fairseq.models.freezing import draw_frozen_layers, freeze_probability
from pf_fairseq.models.past_future import PastFutureModel
from tests.fairseq.commands import train, train_on_two_ranks
from tests.fairseq.models import build_model, random_tokens
from tests.fairseq.user_dirs import recording_user_dir

N_DRAWS = 4000
FREQUENCY = 0.03  # four standard deviations of a frequency of 1/2 among so many draws
N_UPDATES = 9


# What is drawn


def _frequencies(n_frozen: int, **given: Any) -> list[float]:
    options = {"schedule": "depth", "max_update": N_DRAWS, "seed": 5, **given}
    draws = [draw_frozen_layers(n_frozen, update=update, **options) for update in range(N_DRAWS)]
    return [sum(layer in draw for draw in draws) / N_DRAWS for layer in range(1, n_frozen + 1)]


@pytest.mark.parametrize("n_frozen", [1, 2, 5])
def test_depth_falls_linearly_from_one_to_zero(n_frozen: int) -> None:
    expected = [1.0]
    if n_frozen > 1:
        expected = [(n_frozen - layer) / (n_frozen - 1) for layer in range(1, n_frozen + 1)]
    frequencies = _frequencies(n_frozen)
    assert frequencies == pytest.approx(expected, abs=FREQUENCY)
    assert frequencies[0] == 1.0
    assert n_frozen == 1 or frequencies[-1] == 0.0


def test_step_falls_with_the_updates() -> None:
    assert _frequencies(3, schedule="step") == pytest.approx([0.5] * 3, abs=FREQUENCY)
    options = {"schedule": "step", "max_update": 100, "seed": 5}
    assert draw_frozen_layers(3, update=0, **options) == {1, 2, 3}
    assert draw_frozen_layers(3, update=100, **options) == frozenset()
    assert freeze_probability(2, 3, schedule="step", update=25, max_update=100) == 0.75
    assert freeze_probability(2, 3, schedule="step", update=250, max_update=100) == 0.0


def test_layers_above_are_never_frozen() -> None:
    for schedule in ("depth", "step", "always"):
        assert freeze_probability(4, 3, schedule=schedule, update=0, max_update=9) == 0.0


def test_draws_repeat_and_depend_on_the_seed() -> None:
    model = build_model(frozen_layers=3, freeze_schedule="step", max_update=100, seed=7)
    drawn = []
    for update in range(50):
        model.set_num_updates(update)
        assert model.freezing is not None
        drawn.append(model.freezing.frozen)
    options = {"schedule": "step", "max_update": 100}
    assert drawn == [draw_frozen_layers(3, update=u, seed=7, **options) for u in range(50)]
    assert drawn != [draw_frozen_layers(3, update=u, seed=8, **options) for u in range(50)]


# What an update does, with each of fairseq's optimizers


def _options(**common: Any) -> DictConfig:
    adam = {"_name": "adam", "adam_betas": "(0.9, 0.98)", "weight_decay": 0.1, "lr": [0.01]}
    return OmegaConf.create(
        {
            "optimizer": {**adam, "tpu": False},
            "optimization": {"update_freq": [1]},
            "distributed_training": {"distributed_world_size": 1},
            "common": {
                **{"fp16_init_scale": 4, "fp16_scale_window": 128, "fp16_scale_tolerance": 0.0},
                **{"threshold_loss_scale": None, "min_loss_scale": 1e-4, "model_parallel_size": 1},
                **common,
            },
        }
    )


def _build_optimizer(kind: str, parameters: list[nn.Parameter]) -> Any:
    if kind == "fp32":
        return optim.build_optimizer(_options().optimizer, parameters)
    if kind == "fp16, memory efficient":
        return optim.MemoryEfficientFP16Optimizer.build_optimizer(_options(), parameters)
    common = {"fp16, flat copy": {}, "fp16, copies": {"fp16_no_flatten_grads": True}}
    common["bf16, copies"] = {"bf16": True}
    return optim.FP16Optimizer.build_optimizer(_options(**common[kind]), parameters)


KINDS = ["fp32", "fp16, flat copy", "fp16, copies", "fp16, memory efficient", "bf16, copies"]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Name of an optimizer; the flat copy asks for the GPU's number, which a CPU has not."""
    monkeypatch.setattr(torch.cuda, "current_device", lambda: None)
    return str(request.param)


class Trainer:
    """A model and its optimizer: updates as fairseq's trainer makes them."""

    def __init__(self, kind: str, model: PastFutureModel) -> None:
        dtypes = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
        self.model = model.to(dtypes[kind[:4]]).train()
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        self.optimizer = _build_optimizer(kind, self.parameters)
        self.tokens = random_tokens()

    def update(self, frozen: set[int]) -> None:
        """One update in which these layers (1-based) are frozen."""
        if self.model.freezing is not None:
            self.model.freezing.frozen = frozenset(frozen)
        logits = self.model.all_exits(self.tokens).logits
        loss = layer_weighted_cross_entropy(logits, torch.tensor([0, 1] * 3))
        self.optimizer.backward(loss)
        for layer in frozen:
            gradients = [p.grad for p in self._layer(layer).parameters()]
            assert not any(gradient.any() for gradient in gradients)  # nothing in the norm
        self.optimizer.clip_grad_norm(1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()

    def _layer(self, layer: int) -> nn.Module:
        return self.model.sentence_encoder.layers[layer - 1]

    def snapshot(self) -> dict[str, list[Tensor]]:
        """Copies of a parameter, its fp32 master and its Adam state, by the parameter's name."""
        masters, states = zip(*self._masters(), strict=True)
        names = [name for name, p in self.model.named_parameters() if p.requires_grad]
        pieces = zip(names, self.parameters, masters, *zip(*states, strict=True), strict=True)
        return {name: [tensor.detach().clone() for tensor in rest] for name, *rest in pieces}

    def _masters(self) -> Iterator[tuple[Tensor, list[Tensor]]]:
        held = [p for group in self.optimizer.optimizer.param_groups for p in group["params"]]
        state = self.optimizer.optimizer.state
        for p in held:
            moments = [state[p]["exp_avg"], state[p]["exp_avg_sq"]]
            if len(held) == len(self.parameters):
                yield p, moments
                continue
            sizes = [own.numel() for own in self.parameters]
            split = zip(*(t.split(sizes) for t in (p, *moments)), strict=True)
            yield from ((master, list(rest)) for master, *rest in split)


def _moved(before: dict[str, list[Tensor]], after: dict[str, list[Tensor]]) -> set[str]:
    """Parameters of which anything changed: the weight, its fp32 copy, Adam's state."""
    return {
        name
        for name in before
        if not all(torch.equal(*pair) for pair in zip(before[name], after[name], strict=True))
    }


def _of_layers(names: set[str], layers: set[int]) -> set[str]:
    prefixes = tuple(f"encoder.sentence_encoder.layers.{layer - 1}." for layer in layers)
    return {name for name in names if name.startswith(prefixes)}


def test_a_frozen_layer_keeps_every_bit(kind: str) -> None:
    trainer = Trainer(kind, build_model(frozen_layers=3))
    for _ in range(3):
        trainer.update(set())  # now there is momentum that would move a weight
    for frozen in ({2}, {1, 3}, set(), {1, 2, 3}):
        before = trainer.snapshot()
        trainer.update(frozen)
        names = set(before)
        moved = _moved(before, trainer.snapshot())
        # the learners are not part of this loss; Adam moves them for momentum and decay alone
        assert not _of_layers(moved, frozen)
        assert len(_of_layers(names, frozen)) == 16 * len(frozen)
        live = names - _of_layers(names, frozen)
        assert {n for n in live - moved if "k_proj.bias" not in n and "learners" not in n} == set()


def test_leaves_the_optimizer_of_another_model_alone(kind: str) -> None:
    # Two of one size in a process: each sees every optimizer's step, and fairseq's fp32 copies
    # do not tell whose they are.
    frozen, free = build_model(frozen_layers=3), build_model()
    assert frozen.freezing is not None
    frozen.freezing.frozen = frozenset({1, 2, 3})
    with torch.no_grad():
        for parameter in free.parameters():
            parameter.mul_(1.5)
    frozen_trainer, free_trainer = Trainer(kind, frozen), Trainer(kind, free)
    before = None
    for _ in range(3):
        frozen_trainer.update({1, 2, 3})
        free_trainer.update(set())
        after = free_trainer.snapshot()
        if before is not None:
            live = {n for n in before if "k_proj.bias" not in n and "learners" not in n}
            assert live <= _moved(before, after)
        before = after


def test_always_leaves_embeddings_and_layers_out(kind: str) -> None:
    model = build_model(frozen_layers=2, freeze_schedule="always")
    trainer = Trainer(kind, model)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    for _ in range(2):
        trainer.update(set())
    constant = {name for name, p in model.named_parameters() if torch.equal(p, before[name])}
    embeddings = {name for name in before if ".embed" in name or "layernorm_embedding" in name}
    assert len(embeddings) == 4
    assert embeddings | _of_layers(set(before), {1, 2}) <= constant
    assert not _of_layers(constant, {3, 4}) - {n for n in constant if "k_proj.bias" in n}


# The real commands


def _moved_layers(records: Path, rank: int, update: int) -> set[int]:
    before, after = (
        torch.load(records / f"rank{rank}_{number}.pt", weights_only=True)
        for number in (update - 1, update)
    )
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    layers = {layer for layer in range(1, 5) if _of_layers(moved, {layer})}
    still = _of_layers(set(before) - moved, layers)
    # softmax ignores the bias of the keys: its gradient is nothing but rounding
    assert all("k_proj.bias" in name for name in still), still
    return layers


@pytest.mark.parametrize("n_ranks", [1, 2])
def test_frozen_layers_of_a_real_training(n_ranks: int, tiny_data: Path, tmp_path: Path) -> None:
    records = tmp_path / "records"
    spy = ["--user-dir", str(recording_user_dir(tmp_path / "recording_user_dir", records))]
    flags = ["--weight-decay", "0.1", "--max-update", str(N_UPDATES), "--seed", "1", "--no-save"]
    freezing = ["--frozen-layers", "3", "--freeze-schedule", "depth", "--disable-validation"]
    command = train if n_ranks == 1 else train_on_two_ranks
    command(tiny_data, tmp_path / "checkpoints", *flags, *freezing, *spy)

    drawn = set()
    for update in range(2, N_UPDATES + 1):
        options = {"schedule": "depth", "max_update": N_UPDATES, "seed": 1}
        frozen = draw_frozen_layers(3, update=update - 1, **options)
        drawn.add(frozen)
        moved = [_moved_layers(records, rank, update) for rank in range(n_ranks)]
        assert moved == [{1, 2, 3, 4} - frozen] * n_ranks
    assert drawn == {frozenset({1}), frozenset({1, 2})}
