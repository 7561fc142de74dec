"""The runtime in half precision: close to fp32, sums and labels in fp32, batches as one by one."""

import pytest
import torch
from torch.testing import assert_close

from pf_fairseq.modules.steps.folding import FoldedStep
from pf_fairseq.runtime.early_exit import EarlyExitRuntime
from pf_fairseq.runtime.lowering import DTYPES, lower
from tests.runtime.tiny import (
    KINDS,
    N_LAYERS,
    build_runtime,
    draw_sentences,
    pad,
    reload,
    shared_runtime,
)
from tests.tolerances import HALF_DEEP

SENTENCES = draw_sentences(64, seed=5)
# Of weights as random as these, attention turns over with the last bits of some sentence's inputs;
# here none does by so much that the tolerance for a well-behaved model would not hold.
STEADY = draw_sentences(23)
HALVES = [name for name in DTYPES if name != "float32"]
every_half = pytest.mark.parametrize("dtype", HALVES)


def in_fp32(lowered: EarlyExitRuntime, kind: str) -> EarlyExitRuntime:
    """The same rounded weights, computed in fp32."""
    full = build_runtime(kind)
    full.load_state_dict(lowered.state_dict())
    return full


def layer_for_each() -> torch.Tensor:
    return torch.arange(len(SENTENCES)) % N_LAYERS + 1


@every_half
@pytest.mark.parametrize("kind", KINDS)
def test_every_exit_is_finite_and_close(kind: str, dtype: str) -> None:
    lowered = lower(build_runtime(kind), dtype)
    full = in_fp32(lowered, kind)
    for layer in range(1, N_LAYERS + 1):
        at = torch.full((len(STEADY),), layer)
        logits, _, entropy = lowered.forward_at(pad(STEADY), at)
        assert logits.dtype == entropy.dtype == torch.float32
        assert entropy.isfinite().all()
        expected = full.forward_at(pad(STEADY), at)[0]
        assert_close(logits, expected, **HALF_DEEP[DTYPES[dtype]])


@every_half
@pytest.mark.parametrize("kind", KINDS)
def test_scripted_and_loaded_it_is_the_same(kind: str, dtype: str) -> None:
    lowered = lower(build_runtime(kind), dtype).requires_grad_(False)
    loaded = reload(torch.jit.script(lowered))
    tau = torch.tensor(0.5)
    for found, expected in zip(
        loaded(pad(SENTENCES), tau), lowered(pad(SENTENCES), tau), strict=True
    ):
        assert torch.equal(found, expected)


@every_half
@pytest.mark.parametrize("kind", KINDS)
def test_64_at_once_are_64_alone(kind: str, dtype: str) -> None:
    lowered = lower(build_runtime(kind), dtype)
    at = layer_for_each()
    alone = [lowered.forward_at(pad([s]), at[i : i + 1])[0] for i, s in enumerate(SENTENCES)]
    found, exit_layer, _ = lowered.forward_at(pad(SENTENCES), at)
    assert torch.equal(exit_layer, at)
    assert_close(found, torch.cat(alone), **HALF_DEEP[DTYPES[dtype]])


@every_half
@pytest.mark.parametrize("kind", KINDS)
def test_what_gives_labels_and_what_is_summed_stay_in_fp32(kind: str, dtype: str) -> None:
    lowered = lower(build_runtime(kind), dtype)
    assert {p.dtype for p in lowered.core.encoder.parameters()} == {DTYPES[dtype]}
    assert {b.dtype for b in lowered.core.exits.buffers()} <= {torch.float32}
    for step in lowered.core.exits.steps:
        last = step.terms if isinstance(step, FoldedStep) else step.classifier
        assert last is None or last.weight.dtype == torch.float32
    wide = [p for p in lowered.core.exits.parameters() if p.dtype == DTYPES[dtype]]
    assert bool(wide) or kind in ("tanh", "max"), "no product of the exits was lowered"


def test_the_runtime_itself_is_left_alone() -> None:
    runtime = build_runtime()
    before = {name: value.clone() for name, value in runtime.state_dict().items()}
    assert lower(runtime, "float32") is runtime
    lower(runtime, "bfloat16")
    after = runtime.state_dict()
    assert all(after[name].dtype == value.dtype for name, value in before.items())
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_scores_do_not_move_in_steps_of_bfloat16() -> None:
    """Logits rounded to 8 bits would take few values; those of fp32 sums take one per sentence."""
    lowered = lower(shared_runtime(), "bfloat16")
    logits = lowered.exit_logits(pad(SENTENCES)).flatten()
    assert (logits != logits.to(torch.bfloat16).float()).float().mean() > 0.9
