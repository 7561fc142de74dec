"""Padding removed in training on a CPU: sentences of like length run together."""

import torch
from torch import Tensor

GROUP_SIZE = 16  # rows enough to fill a CPU's matrix units, few enough to be of like length


def groups_by_length(is_token: Tensor) -> list[tuple[Tensor, int]]:
    """Split a batch into groups of like length, to be run one after another.

    fairseq's `sentence_prediction` shuffles without regard to length, so that more than half of
    a batch of short sentences is padding. On a GPU the batch stays whole: small groups would
    leave it idle, and the lengths would have to be waited for.

    Args:
        is_token: bool `(B, T)`, False at padding on the right.

    Returns:
        rows, int64, and the length of the longest of them; every row of the batch is in one group.
    """
    n_sentences, n_tokens = is_token.shape
    rows = torch.arange(n_sentences, device=is_token.device)
    if is_token.device.type != "cpu" or n_sentences <= GROUP_SIZE:
        return [(rows, n_tokens)]
    lengths = is_token.sum(dim=1)
    if int(lengths.min()) == n_tokens:
        return [(rows, n_tokens)]
    groups = lengths.argsort(stable=True).split(GROUP_SIZE)
    return [(group, int(lengths[group[-1]])) for group in groups]
