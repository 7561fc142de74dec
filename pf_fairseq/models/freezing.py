"""Frozen layers, section 3.4: lower layers that an update leaves exactly as they are."""

import random
import weakref
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.optimizer import (
    Optimizer,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from pf_fairseq.models.optimizer_copies import COPIES, FLAT_COPY, THEMSELVES, how_held

FREEZE_SCHEDULES = ("depth", "step", "always")


def freeze_probability(
    layer: int, n_frozen: int, *, schedule: str, update: int, max_update: int
) -> float:
    """Probability that `layer` (1-based) is frozen at the update numbered `update` (from 0).

    `depth` is the paper's: falling linearly from 1 at the first layer to 0 at the last of the
    `n_frozen`. `step` is that of its authors' code: 1 - update/max_update, the same for each of
    them. Layers beyond `n_frozen` are never frozen.
    """
    if layer > n_frozen:
        return 0.0
    if schedule == "always":
        return 1.0
    if schedule == "depth":
        return 1.0 if n_frozen == 1 else (n_frozen - layer) / (n_frozen - 1)
    return max(0.0, 1.0 - update / max_update)


def draw_frozen_layers(
    n_frozen: int, *, schedule: str, update: int, max_update: int, seed: int
) -> frozenset[int]:
    """Draw which layers (1-based) an update leaves alone.

    The draw depends on the seed and the update's number alone, so that all ranks agree and a
    resumed run repeats it.
    """
    # Not torch's generator: it takes 32 bits of a seed, so that one of the two would be lost.
    generator = random.Random((seed << 32) + update)
    return frozenset(
        layer
        for layer in range(1, n_frozen + 1)
        if generator.random()
        < freeze_probability(
            layer, n_frozen, schedule=schedule, update=update, max_update=max_update
        )
    )


class LayerFreezing:
    """Keeps the parameters of the drawn layers bit-identical through an optimizer's step.

    A zero gradient would not do: momentum and weight decay move a weight all the same. So the
    gradients of a frozen layer are zeroed as they arrive (for the gradient norm) and taken away
    right before the step, after any all-reduce. Where the optimizer works on fp32 copies of
    half-precision parameters, the copies are treated alike; in a single flat copy the
    layer's part is put back after the step.

    Args:
        model: whose parameters the optimizer holds; kept by a weak reference.
        layers: the layers that may be frozen, from the first.
        schedule: `depth` or `step`.
        max_update: number of updates of the whole training, for `step`.
        seed: of the draws.
    """

    def __init__(
        self,
        model: nn.Module,
        layers: Sequence[nn.Module],
        *,
        schedule: str,
        max_update: int,
        seed: int,
    ) -> None:
        self._model = weakref.ref(model)
        self._layers = [weakref.ref(layer) for layer in layers]
        self._schedule = schedule
        self._max_update = max_update
        self._seed = seed
        self._kept: list[tuple[Tensor, Tensor]] = []
        self._optimizer: weakref.ref[Optimizer] | None = None
        self._held_as: str | None = None
        self.frozen: frozenset[int] = frozenset()
        for number, layer in enumerate(layers, start=1):
            for parameter in layer.parameters():
                parameter.register_hook(self._zero_if_frozen(number))
        register_optimizer_step_pre_hook(_forward_to(weakref.WeakMethod(self._before_step)))
        register_optimizer_step_post_hook(_forward_to(weakref.WeakMethod(self._after_step)))

    def set_update(self, update: int) -> None:
        """Draw the frozen layers of the update numbered `update` (from 0)."""
        self.frozen = draw_frozen_layers(
            len(self._layers),
            schedule=self._schedule,
            update=update,
            max_update=self._max_update,
            seed=self._seed,
        )

    def _zero_if_frozen(self, layer: int) -> Any:
        owner = weakref.ref(self)

        def hook(gradient: Tensor) -> Tensor | None:
            freezing = owner()
            frozen = freezing is not None and layer in freezing.frozen
            return torch.zeros_like(gradient) if frozen else None

        return hook

    def _frozen_parameters(self) -> set[int]:
        layers = (self._layers[number - 1]() for number in self.frozen)
        return {id(p) for layer in layers if layer is not None for p in layer.parameters()}

    def _before_step(self, optimizer: Optimizer) -> None:
        model = self._model()
        frozen = self._frozen_parameters()
        if model is None or not frozen:
            return
        own: list[Tensor] = [p for p in model.parameters() if p.requires_grad]
        held = [p for group in optimizer.param_groups for p in group["params"]]
        form = self._form(optimizer, own, held)
        if form == THEMSELVES:
            _drop_gradients([p for p in own if id(p) in frozen])
        elif form == COPIES:
            _drop_gradients([copy for p, copy in zip(own, held, strict=True) if id(p) in frozen])
        elif form == FLAT_COPY:
            self._keep_slices(optimizer, held[0], own, frozen)

    def _form(self, optimizer: Optimizer, own: list[Tensor], held: list[Tensor]) -> str | None:
        """How this optimizer holds the model, looked at once; None if it is another's."""
        known = None if self._optimizer is None else self._optimizer()
        if known is None:
            self._held_as = how_held(own, held)
            self._optimizer = weakref.ref(optimizer) if self._held_as is not None else None
            return self._held_as
        return self._held_as if known is optimizer else None

    def _keep_slices(
        self, optimizer: Optimizer, flat: Tensor, own: list[Tensor], frozen: set[int]
    ) -> None:
        state = optimizer.state[flat].values()
        tensors = [flat.data, *(t for t in state if isinstance(t, Tensor))]
        tensors = [t for t in tensors if t.shape == flat.shape]
        start = 0
        for parameter in own:
            end = start + parameter.numel()
            if id(parameter) in frozen:
                self._kept += [(t[start:end], t[start:end].clone()) for t in tensors]
            start = end

    def _after_step(self, optimizer: Optimizer) -> None:
        for live, kept in self._kept:
            live.copy_(kept)
        self._kept = []


def _drop_gradients(parameters: list[Tensor]) -> None:
    for parameter in parameters:
        parameter.grad = None


def _forward_to(method: "weakref.WeakMethod[Any]") -> Any:
    """A hook of every optimizer that falls silent when its owner is gone."""

    def hook(optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        bound = method()
        if bound is not None:
            bound(optimizer)

    return hook
