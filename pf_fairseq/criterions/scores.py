"""What validation keeps of a sentence: each exit's entropy, and whether it was right."""

import torch
from torch import Tensor

from pf_fairseq.modules.entropy import exit_entropy


def pack_scores(logits: Tensor, targets: Tensor) -> Tensor:
    """Entropy of each exit with a sign bit that is set where the prediction is wrong.

    Four bytes an exit: fairseq gathers at most 16 KiB a rank and batch unless told otherwise.

    Args:
        logits: `(B, L, C)`.
        targets: int64 `(B,)`.

    Returns:
        fp32 `(B, L)`.
    """
    wrong = logits.argmax(dim=-1) != targets.unsqueeze(1)
    return torch.copysign(exit_entropy(logits), 0.5 - wrong.float())


def unpack_scores(scores: Tensor) -> tuple[Tensor, Tensor]:
    """Split packed scores `(N, L)` into entropies fp32 `(N, L)` and correctness bool `(N, L)`."""
    return scores.abs(), ~torch.signbit(scores)
