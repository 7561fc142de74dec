"""What validation keeps of a sentence: the policy's scores, and which exits were right."""

import torch
from torch import Tensor

BITS = 24  # whole numbers of so many bits are exact in fp32


def pack_scores(scores: Tensor, correct: Tensor) -> Tensor:
    """Put scores and answers side by side, the answers as bits of a number.

    Four bytes an exit: fairseq gathers at most 16 KiB a rank and batch unless told otherwise.

    Args:
        scores: fp32 `(B, L - 1)`, of the exits before the last.
        correct: bool `(B, L)`.

    Returns:
        fp32 `(B, L - 1 + ceil(L / 24))`.
    """
    weights = 2.0 ** torch.arange(BITS, dtype=torch.float32, device=scores.device)
    words = [part.float() @ weights[: part.size(1)] for part in correct.split(BITS, dim=1)]
    return torch.cat([scores.float(), torch.stack(words, dim=1)], dim=1)


def unpack_scores(packed: Tensor) -> tuple[Tensor, Tensor]:
    """Split what `pack_scores` made into scores fp32 `(N, L - 1)` and correctness bool `(N, L)`."""
    n_words = -(-(packed.size(1) + 1) // (BITS + 1))
    scores, words = packed[:, :-n_words], packed[:, -n_words:].long()
    bits = words.unsqueeze(-1) >> torch.arange(BITS, device=packed.device) & 1
    return scores, bits.flatten(1)[:, : scores.size(1) + 1].bool()
