"""Entropy of an exit's prediction, the confidence that decides the exit."""

from torch import Tensor
from torch.nn import functional as F


def exit_entropy(logits: Tensor) -> Tensor:
    """Entropy of softmax(logits), Eq. (14), in nats.

    Computed in fp32 from the log-softmax whatever the dtype of `logits`: in half precision a
    probability that underflows to 0 would give 0 * log 0 = NaN, and the surest sentences
    would never exit.

    Args:
        logits: `(..., C)`.

    Returns:
        fp32 `(...)`, between 0 and ln C.
    """
    log_p = F.log_softmax(logits.float(), dim=-1)
    return -(log_p.exp() * log_p).sum(dim=-1)
