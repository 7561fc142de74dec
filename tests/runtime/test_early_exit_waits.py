"""The device is waited for once on entry and once per checked exit, and never else."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.func import functional_call
from torch.testing import assert_close

from pf_fairseq.runtime.early_exit import EarlyExitRuntime
from tests.runtime.answers import threshold_between
from tests.runtime.pretend_device import OnDevice, PretendDevice, on_device
from tests.runtime.tiny import KINDS, N_LAYERS, build_runtime, draw_sentences, naive_answers, pad
from tests.tolerances import BATCHED

SENTENCES = draw_sentences(9)
TOKENS = pad(SENTENCES)


class At(torch.nn.Module):
    """Makes `forward_at` the forward."""

    def __init__(self, runtime: EarlyExitRuntime) -> None:
        super().__init__()
        self.runtime = runtime

    def forward(self, tokens: Tensor, exit_layer: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.runtime.forward_at(tokens, exit_layer)


def run_on_device(
    module: torch.nn.Module, *inputs: Tensor
) -> tuple[PretendDevice, tuple[Tensor, ...]]:
    """Call a module whose weights lie on the pretended device; gives what was noted."""
    weights = on_device({**dict(module.named_parameters()), **dict(module.named_buffers())})
    with torch.no_grad(), PretendDevice() as device:
        results = functional_call(module, weights, inputs)
    assert all(isinstance(result, OnDevice) for result in results), "outputs stay on the device"
    return device, tuple(result.value for result in results)


@pytest.mark.parametrize("place", [OnDevice, lambda t: t], ids=["device", "host"])
@pytest.mark.parametrize("kind", KINDS)
def test_one_wait_on_entry_and_one_per_check(kind: str, place: Callable[[Tensor], Tensor]) -> None:
    runtime = build_runtime(kind)
    tau = torch.tensor(threshold_between(naive_answers(SENTENCES, kind), 0.5))
    expected = runtime(TOKENS, tau)
    device, found = run_on_device(runtime, OnDevice(TOKENS), place(tau))
    assert torch.equal(found[1], expected[1])
    assert_close(found[0], expected[0].detach(), **BATCHED)
    n_checked = min(int(expected[1].max()), N_LAYERS - 1)  # the last exit asks nothing
    assert len(device.downloads) == 1 + n_checked, device.downloads
    assert device.blocking_uploads == []


@pytest.mark.parametrize(
    ("first", "interval", "n_checked"), [(1, 1, 4), (2, 1, 3), (1, 2, 2), (5, 1, 0)]
)
def test_only_checked_exits_wait(first: int, interval: int, n_checked: int) -> None:
    runtime = build_runtime(min_exit_layer=first, check_interval=interval)
    device, _ = run_on_device(runtime, OnDevice(TOKENS), torch.tensor(0.0))
    assert len(device.downloads) == 1 + n_checked


def test_the_default_threshold_is_not_uploaded() -> None:
    device, _ = run_on_device(build_runtime(default_threshold=math.inf), OnDevice(TOKENS))
    assert len(device.downloads) == 2 and device.blocking_uploads == []


@pytest.mark.parametrize("kind", KINDS)
def test_forced_exits_wait_on_entry_alone(kind: str) -> None:
    layers = torch.arange(len(SENTENCES)) % N_LAYERS + 1
    module = At(build_runtime(kind))
    expected = module(TOKENS, layers)
    device, found = run_on_device(module, OnDevice(TOKENS), layers)
    assert_close(found[0], expected[0].detach(), **BATCHED)
    assert len(device.downloads) == 1 and device.blocking_uploads == []


def test_forced_layers_on_the_device_cost_one_wait_more() -> None:
    layers = torch.arange(len(SENTENCES)) % N_LAYERS + 1
    device, _ = run_on_device(At(build_runtime()), OnDevice(TOKENS), OnDevice(layers))
    assert len(device.downloads) == 2


def test_a_threshold_on_the_device_for_tokens_on_the_host() -> None:
    """It is waited for: a copy that does not block would be read before it has arrived."""
    runtime, tau = build_runtime(), torch.tensor(0.6)
    with torch.no_grad(), PretendDevice() as device:
        found = runtime(TOKENS, OnDevice(tau))
    assert device.downloads != []
    assert torch.equal(found[1], runtime(TOKENS, tau)[1])


@pytest.mark.parametrize("bad", ["id", "padding", "nan"])
def test_bad_input_is_found_in_the_wait_on_entry(bad: str) -> None:
    tokens, tau = TOKENS.clone(), torch.tensor(0.5)
    if bad == "nan":
        tau = torch.tensor(math.nan)
    else:
        tokens[0, 0] = 1 if bad == "padding" else 1000
    weights = on_device(dict(build_runtime().named_parameters()))
    device = PretendDevice()
    with device, pytest.raises(ValueError, match="sentence 0"):
        functional_call(build_runtime(), weights, (OnDevice(tokens), tau))
    assert len(device.downloads) == (2 if bad == "id" else 1)  # and the value, to name it
