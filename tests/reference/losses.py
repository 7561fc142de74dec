"""Eqs. (3)-(5) and (9)-(13), sentence by sentence. Never imports the code under test."""

import torch
from torch import Tensor


def cross_entropy(logits: list[Tensor], label: int) -> Tensor:
    """Eqs. (9)-(12) for one sentence: exit i weighs i / (1 + 2 + ... + n).

    Args:
        logits: `(C,)` of exit 1, exit 2, ...
        label: the class.
    """
    n_layers = len(logits)
    loss = torch.zeros((), dtype=logits[0].dtype)
    for i, z in enumerate(logits, start=1):
        p = torch.exp(z - z.max()) / torch.exp(z - z.max()).sum()
        weight = i / sum(range(1, n_layers + 1))
        loss = loss - weight * torch.log(p[label])
    return loss


def distilled_cross_entropy(logits: list[Tensor], label: int, share: float) -> Tensor:
    """Cross entropy of one sentence whose earlier exits take a share from the last exit.

    KL(p_n || p_i) is sum_c p_n[c] (log p_n[c] - log p_i[c]); p_n is a constant.
    """
    n_layers = len(logits)
    loss = torch.zeros((), dtype=logits[0].dtype)
    teacher = torch.softmax(logits[-1], dim=0).detach()
    for i, z in enumerate(logits, start=1):
        p = torch.softmax(z, dim=0)
        of_exit = -torch.log(p[label])
        if i < n_layers:
            divergence = torch.zeros((), dtype=z.dtype)
            for c in range(len(z)):
                divergence = divergence + teacher[c] * (torch.log(teacher[c]) - torch.log(p[c]))
            of_exit = (1 - share) * of_exit + share * divergence
        loss = loss + i / sum(range(1, n_layers + 1)) * of_exit
    return loss


def imitation(imitated: dict[tuple[int, int], Tensor], states: list[Tensor]) -> Tensor:
    """Eqs. (3)-(5) for one sentence, over the exits 1 .. n - 1.

    Args:
        imitated: what exit i takes for the state of layer j, by (i, j).
        states: s_1 .. s_n.
    """
    n_layers = len(states)
    loss = torch.zeros((), dtype=states[0].dtype)
    for i in range(1, n_layers):
        of_exit = torch.zeros((), dtype=states[0].dtype)
        for j in range(i + 1, n_layers + 1):
            teacher, student = states[j - 1].detach(), imitated[i, j]
            cosine = (student * teacher).sum() / (student.norm() * teacher.norm())
            of_exit = of_exit + (1 - cosine)
        loss = loss + of_exit / (n_layers - i)
    return loss / (n_layers - 1)
