"""Unfolded exits multiply by the weights of swappable modules, and copy none of them."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from pf_fairseq.modules.exits import ExitOptions, PastFutureExits
from pf_fairseq.modules.layout import padded_layout
from pf_fairseq.modules.steps import ExitSteps
from pf_fairseq.modules.steps.past_future import past_future_steps
from tests.modules.exits_cases import ALL_OPTIONS, name_of

WIDTH, N_LAYERS, N_CLASSES, N_TOKENS = 32, 4, 3, 2
PRODUCTS = {"aten::mm", "aten::addmm", "aten::linear", "aten::mv", "aten::addmv"}


def places(tensors: Any) -> set[int]:
    """Where the tensors' memory lies."""
    return {each.untyped_storage().data_ptr() for each in tensors if isinstance(each, Tensor)}


class Watch(TorchDispatchMode):
    """Notes every product's operands, and every new tensor as large as a weight."""

    def __init__(self, steps: ExitSteps) -> None:
        super().__init__()
        linears = [module for module in steps.modules() if isinstance(module, nn.Linear)]
        self.weights = places(linear.weight for linear in linears)
        self.n_products = 0
        self.others: list[str] = []
        self.copies: list[str] = []

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        found = function(*args, **(kwargs or {}))
        name = function._schema.name
        if name in PRODUCTS:
            self.n_products += 1
            if not places(args) & self.weights:
                self.others.append(name)
        flat = [each for arg in args for each in (arg if isinstance(arg, list) else [arg])]
        for each in found if isinstance(found, tuple | list) else [found]:
            is_new = isinstance(each, Tensor) and not places([each]) & places(flat)
            if is_new and each.numel() >= WIDTH * WIDTH:
                self.copies.append(f"{name} {tuple(each.shape)}")
        return found


def ask_every_exit(steps: ExitSteps) -> None:
    layout = padded_layout(torch.full([1, N_TOKENS], 7), pad_id=1)
    memory = steps.begin(1)
    for step in steps.steps:
        hidden = torch.randn(1, N_TOKENS, WIDTH)
        memory = step.observe(memory, hidden, layout)  # type: ignore[operator]
        step.classify(memory, hidden, layout)  # type: ignore[operator]


@pytest.mark.parametrize("options", ALL_OPTIONS, ids=name_of)
def test_products_are_modules_and_weights_stay_where_they_are(options: ExitOptions) -> None:
    exits = PastFutureExits(WIDTH, N_LAYERS, N_CLASSES, options)
    steps = past_future_steps(exits, fold=False).requires_grad_(False)
    with Watch(steps) as seen:
        ask_every_exit(steps)
    assert seen.n_products >= N_LAYERS
    assert seen.others == [] and seen.copies == []


def test_a_copy_and_a_product_of_its_own_would_be_seen() -> None:
    steps = past_future_steps(PastFutureExits(WIDTH, N_LAYERS, N_CLASSES, ExitOptions()))
    weight = torch.randn(WIDTH, WIDTH)
    with Watch(steps) as seen:
        torch.cat([weight, weight]) @ torch.randn(WIDTH, 1)
    assert seen.others == ["aten::mm"] and seen.copies == ["aten::cat (64, 32)"]
