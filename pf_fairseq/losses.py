"""The training loss, Eqs. (3)-(5) and (9)-(13): pure functions, computed in fp32."""

import torch
from torch import Tensor
from torch.nn import functional as F

from pf_fairseq.modules.imitation import future_mask


def layer_weights(n_layers: int, device: torch.device, power: float = 1.0) -> Tensor:
    """Eq. (9): w_i = i / sum_j j, fp32 `(L,)`; deeper exits count more, the sum is 1.

    With a `power` p other than the paper's 1, i^p takes the place of i: the greater p is, the less
    the shallow exits have to say in what the encoder learns. (What they themselves learn stays
    the same under Adam, which knows no scale.)
    """
    depths = torch.arange(1, n_layers + 1, dtype=torch.float32, device=device)
    weights = (depths / n_layers) ** power  # at most 1, whatever the power
    return weights / weights.sum()


def layer_weighted_cross_entropy(
    logits: Tensor, targets: Tensor, distillation: float = 0.0, power: float = 1.0
) -> Tensor:
    """Eqs. (10)-(12), summed over the sentences.

    The paper's exits learn from the labels alone. With self-distillation, which is not in the
    paper, every exit before the last also learns from the last one's probabilities, a teacher
    that no gradient reaches (Hinton et al., 2015, at temperature 1).

    Args:
        logits: of all exits, `(B, L, C)`.
        targets: int64 `(B,)`.
        distillation: share d of the teacher, in [0, 1].
        power: of the depth, in `layer_weights`.

    Returns:
        fp32 scalar: sum over sentences of sum_i w_i ((1 - d) CE_i + d KL(p_n || p_i)), for i = n
        w_n CE_n.
    """
    log_p = F.log_softmax(logits.float(), dim=-1)
    n_layers = logits.size(1)
    index = targets.view(-1, 1, 1).expand(-1, n_layers, 1)
    per_exit = -log_p.gather(-1, index).squeeze(-1)
    if distillation > 0.0:
        earlier = torch.lerp(per_exit, _divergence_from_last(log_p), distillation)
        per_exit = torch.cat([earlier[:, :-1], per_exit[:, -1:]], dim=1)
    return (per_exit * layer_weights(n_layers, logits.device, power)).sum()


def _divergence_from_last(log_p: Tensor) -> Tensor:
    """KL(p_n || p_i), `(B, L)`, of log-probabilities `(B, L, C)`."""
    teacher = log_p[:, -1:].detach()
    return (teacher.exp() * (teacher - log_p)).sum(dim=-1)


def imitation_loss(imitated: Tensor, states: Tensor) -> Tensor:
    """Eqs. (3)-(5): 1 - cos between imitated and true future states, summed over the sentences.

    For each exit the mean over the layers after it, then the mean over exits 1 .. n - 1. The
    paper averages over exits 2 .. n, of which the last has no future and exit 1 has one too;
    ours takes the exits that have a future. The true states are teachers: no gradient reaches
    them, else they would drift towards what is easy to imitate.

    Args:
        imitated: `(B, L - 1, L - 1, D)` as `ImitationLearners.imitate_all` gives it.
        states: true states of all layers, `(B, L, D)`.

    Returns:
        fp32 scalar.
    """
    n_layers = states.size(1)
    # F.cosine_similarity written out, so that teachers are normalised once, not for each exit;
    # a length of 0 counts as 1e-8 as there.
    teachers = F.normalize(states[:, 1:].detach().float(), dim=-1, eps=1e-8).unsqueeze(1)
    lengths: Tensor = torch.linalg.vector_norm(imitated, dim=-1, dtype=torch.float32).clamp_min(
        1e-8
    )
    distance = 1.0 - (imitated.float() * teachers).sum(dim=-1) / lengths
    mask = future_mask(n_layers, states.device).float()
    weights = mask / mask.sum(dim=1, keepdim=True) / (n_layers - 1)
    total: Tensor = (distance * weights).sum()
    return total
