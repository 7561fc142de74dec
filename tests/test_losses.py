"""The training loss against sums over sentences, exits and layers."""

import math

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from pf_fairseq.losses import imitation_loss, layer_weighted_cross_entropy, layer_weights
from tests.reference.losses import cross_entropy, distilled_cross_entropy, imitation
from tests.tolerances import HALF, REFERENCE

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("n_layers", [1, 2, 12])
def test_deeper_exits_weigh_more(n_layers: int) -> None:
    total = n_layers * (n_layers + 1) / 2
    expected = [i / total for i in range(1, n_layers + 1)]
    assert layer_weights(n_layers, CPU).tolist() == pytest.approx(expected)


def test_a_great_power_leaves_the_last_exit() -> None:
    expected = pytest.approx([0.0] * 23 + [1.0], abs=1e-12)
    assert layer_weights(24, CPU, power=1000.0).tolist() == expected


@pytest.mark.parametrize("power", [0.0, 3.0])
def test_the_power_of_the_depth(power: float) -> None:
    total = 1**power + 2**power + 3**power
    expected = [1 / total, 2**power / total, 3**power / total]
    assert layer_weights(3, CPU, power).tolist() == pytest.approx(expected)
    logits, labels = torch.randn(2, 3, 2), torch.tensor([1, 0])
    log_p = logits.log_softmax(dim=-1)
    naive = sum(
        -expected[i] * float(log_p[row, i, label])
        for row, label in enumerate(labels.tolist())
        for i in range(3)
    )
    found = layer_weighted_cross_entropy(logits, labels, power=power)
    assert float(found) == pytest.approx(naive, rel=1e-5)


def naive_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    total = torch.zeros((), dtype=torch.float64)
    for sentence, label in zip(logits.double(), labels.tolist(), strict=True):
        total = total + cross_entropy(list(sentence), label)
    return total


@pytest.mark.parametrize("n_layers", [1, 2, 6])
def test_cross_entropy(n_layers: int) -> None:
    logits = 3 * torch.randn(4, n_layers, 3)
    labels = torch.tensor([0, 2, 1, 2])
    found = layer_weighted_cross_entropy(logits, labels)
    assert_close(found.double(), naive_cross_entropy(logits, labels), **REFERENCE)


@pytest.mark.parametrize("share", [0.3, 1.0])
@pytest.mark.parametrize("n_layers", [1, 2, 6])
def test_self_distillation(n_layers: int, share: float) -> None:
    logits = (3 * torch.randn(4, n_layers, 3)).requires_grad_()
    labels = torch.tensor([0, 2, 1, 2])
    found = layer_weighted_cross_entropy(logits, labels, share)
    found.backward()
    same = logits.detach().double().requires_grad_()
    losses = [
        distilled_cross_entropy(list(sentence), label, share)
        for sentence, label in zip(same, labels.tolist(), strict=True)
    ]
    expected = torch.stack(losses).sum()
    expected.backward()
    assert_close(found.double(), expected, **REFERENCE)
    assert_close(logits.grad, same.grad, check_dtype=False, **REFERENCE)


def naive_imitation(imitated: Tensor, states: Tensor) -> Tensor:
    n_layers = states.size(1)
    total = torch.zeros((), dtype=torch.float64)
    for guesses, truth in zip(imitated.double(), states.double(), strict=True):
        by_pair = {
            (i, j): guesses[i - 1, j - 2]
            for i in range(1, n_layers)
            for j in range(i + 1, n_layers + 1)
        }
        total = total + imitation(by_pair, list(truth))
    return total


@pytest.mark.parametrize("n_layers", [2, 3, 6])
def test_imitation(n_layers: int) -> None:
    imitated = torch.randn(4, n_layers - 1, n_layers - 1, 5)
    states = torch.randn(4, n_layers, 5)
    found = imitation_loss(imitated, states)
    assert_close(found.double(), naive_imitation(imitated, states), **REFERENCE)


def test_imitation_is_none_where_all_is_alike_and_two_where_all_is_opposed() -> None:
    states = torch.randn(3, 4, 5)
    perfect = states[:, 1:].unsqueeze(1).expand(-1, 3, -1, -1)
    assert_close(imitation_loss(7 * perfect, states), torch.tensor(0.0), **REFERENCE)
    assert_close(imitation_loss(-perfect, states), torch.tensor(2.0 * 3), **REFERENCE)


def test_teachers_get_no_gradient() -> None:
    imitated = torch.randn(2, 2, 2, 5, requires_grad=True)
    states = torch.randn(2, 3, 5, requires_grad=True)
    imitation_loss(imitated, states).backward()
    assert states.grad is None
    assert imitated.grad is not None
    reached = imitated.grad.any(dim=-1)
    assert reached.tolist() == [[[True, True], [False, True]]] * 2  # exit 2 imitates layer 3 alone


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_a_probability_of_zero_gives_a_finite_loss_and_gradient(dtype: torch.dtype) -> None:
    logits = torch.tensor([[[30000.0, -30000.0]]]).to(dtype).requires_grad_()
    loss = layer_weighted_cross_entropy(logits, torch.tensor([1]))
    loss.backward()
    assert loss.dtype == torch.float32
    assert layer_weighted_cross_entropy(logits.repeat(1, 2, 1), torch.tensor([1]), 0.5).isfinite()
    assert_close(loss, torch.tensor(60000.0), rtol=HALF[torch.bfloat16]["rtol"], atol=0.0)
    assert logits.grad is not None and logits.grad.flatten().tolist() == [1.0, -1.0]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_is_computed_in_fp32(dtype: torch.dtype) -> None:
    imitated = (300 * torch.randn(3, 3, 3, 64)).to(dtype)  # squares overflow in fp16
    states = (300 * torch.randn(3, 4, 64)).to(dtype)
    found = imitation_loss(imitated, states)
    assert found.dtype == torch.float32
    assert_close(found.double(), naive_imitation(imitated, states), **REFERENCE)
    logits, labels = torch.randn(3, 4, 2).to(dtype), torch.tensor([1, 0, 1])
    loss = layer_weighted_cross_entropy(logits, labels)
    assert loss.dtype == torch.float32
    assert_close(loss.double(), naive_cross_entropy(logits, labels), **REFERENCE)


def test_a_state_of_zeros_gives_a_finite_gradient() -> None:
    imitated = torch.zeros(1, 2, 2, 4, requires_grad=True)
    loss = imitation_loss(imitated, torch.zeros(1, 3, 4))
    loss.backward()
    assert math.isfinite(loss.item())
    assert imitated.grad is not None and imitated.grad.isfinite().all()


def test_scripted() -> None:
    logits, labels = torch.randn(2, 3, 2), torch.tensor([1, 0])
    imitated, states = torch.randn(2, 2, 2, 5), torch.randn(2, 3, 5)
    cross_entropy_script = torch.jit.script(layer_weighted_cross_entropy)
    assert_close(cross_entropy_script(logits, labels), layer_weighted_cross_entropy(logits, labels))
    imitation_script = torch.jit.script(imitation_loss)
    assert_close(imitation_script(imitated, states), imitation_loss(imitated, states))
