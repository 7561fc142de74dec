"""The runtime on a GPU: the CPU's answers, few waits, and a device that survives bad input."""

import warnings
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from pf_fairseq.backbones.roberta import RobertaEncoder
from pf_fairseq.backbones.shape import EncoderShape
from pf_fairseq.modules.exits import ExitOptions, PastFutureExits
from pf_fairseq.modules.steps.past_future import past_future_steps
from pf_fairseq.runtime.early_exit import EarlyExitRuntime
from tests.tolerances import GPU

N_LAYERS, VOCAB, POSITIONS, PAD = 6, 200, 40, 1

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU that torch can see"),
]


@pytest.fixture(scope="module")
def runtime() -> EarlyExitRuntime:
    torch.manual_seed(0)
    shape = EncoderShape(N_LAYERS, 64, 128, 4, VOCAB, POSITIONS, PAD)
    exits = PastFutureExits(64, N_LAYERS, 3, ExitOptions())
    for parameter in exits.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    runtime = EarlyExitRuntime(
        RobertaEncoder(shape), past_future_steps(exits), vocab_size=VOCAB, max_positions=POSITIONS
    )
    return runtime.eval().requires_grad_(False)


@pytest.fixture
def tokens() -> Tensor:
    torch.manual_seed(1)
    tokens = torch.randint(4, VOCAB, (64, POSITIONS))
    lengths = torch.randint(1, POSITIONS + 1, (64, 1))
    return tokens.masked_fill(torch.arange(POSITIONS) >= lengths, PAD)


@pytest.mark.parametrize("scripted", [False, True])
@pytest.mark.parametrize("threshold", [0.0, 0.5, 0.8, 2.0])
def test_answers_are_those_of_the_cpu(
    runtime: EarlyExitRuntime, tokens: Tensor, threshold: float, scripted: bool
) -> None:
    expected = runtime.cpu()(tokens, torch.tensor(threshold))
    module = torch.jit.script(runtime.cuda()) if scripted else runtime.cuda()
    logits, exit_layer, entropy = module(tokens.cuda(), torch.tensor(threshold))
    # Another library's sums: a sentence within their difference of the threshold may move.
    same = exit_layer.cpu() == expected[1]
    assert same.float().mean() > 0.95
    torch.testing.assert_close(logits.cpu()[same], expected[0][same], **GPU)
    torch.testing.assert_close(entropy.cpu()[same], expected[2][same], **GPU)


def count_waits(call: Callable[[], object]) -> int:
    """How often the host waits for the device while `call` runs."""
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return sum("synchroniz" in str(warning.message) for warning in caught)


def test_waits_once_on_entry_and_once_per_checked_exit(
    runtime: EarlyExitRuntime, tokens: Tensor
) -> None:
    module, on_gpu = runtime.cuda(), tokens.cuda()
    threshold = torch.tensor(0.0, device="cuda")
    module(on_gpu, threshold)
    assert count_waits(lambda: on_gpu.sum().item()) == 1, "waits are noted at all"
    # No sentence leaves early; each check but that of the last exit needs an answer.
    assert count_waits(lambda: module(on_gpu, threshold)) == 1 + (N_LAYERS - 1)


def test_an_id_outside_the_vocabulary_leaves_the_device_usable(
    runtime: EarlyExitRuntime, tokens: Tensor
) -> None:
    module, on_gpu = torch.jit.script(runtime.cuda()), tokens.cuda()
    broken = on_gpu.clone()
    broken[3, 0] = VOCAB
    with pytest.raises(torch.jit.Error, match=f"sentence 3 has the id {VOCAB}"):
        module(broken)
    torch.cuda.synchronize()
    assert module(on_gpu)[0].isfinite().all()
