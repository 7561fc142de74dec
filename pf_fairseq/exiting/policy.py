"""The entropy policy: a sentence leaves at the first exit that is sure enough."""

import math

import torch
from torch import Tensor

# Nats. Two runtimes add up in different orders: so close, a sentence may fall either way.
NEAR_THRESHOLD = 1e-4


def checked_layers(n_layers: int, min_exit_layer: int = 1, check_interval: int = 1) -> list[int]:
    """List the layers (1-based, ascending) whose entropy is compared with the threshold.

    The last layer is never among them: whoever gets there leaves, whatever the entropy.
    """
    if not 1 <= min_exit_layer <= n_layers:
        raise ValueError(
            f"`min_exit_layer` must lie between 1 and the number of layers, {n_layers}, "
            f"but is {min_exit_layer} instead."
        )
    if check_interval < 1:
        raise ValueError(f"`check_interval` must be at least 1, but is {check_interval} instead.")
    return list(range(min_exit_layer, n_layers, check_interval))


def choose_exits(
    entropies: Tensor, threshold: float, *, min_exit_layer: int = 1, check_interval: int = 1
) -> Tensor:
    """Choose each sentence's exit: the first checked layer with entropy < threshold, Eq. (14).

    Args:
        entropies: `(N, L)` in nats, of every exit of every sentence. NaN never leaves early.
        threshold: tau in nats; <= 0 never exits early.
        min_exit_layer: first layer that is checked, 1-based.
        check_interval: how many layers lie between two checks.

    Returns:
        int64 `(N,)`, 1-based.
    """
    if math.isnan(threshold):
        raise ValueError(
            "`threshold` must be a number (entropy in nats), but is NaN instead. "
            "Use 0 to never exit early."
        )
    n_sentences, n_layers = entropies.shape
    exit_layer = torch.full((n_sentences,), n_layers, device=entropies.device)
    for layer in reversed(checked_layers(n_layers, min_exit_layer, check_interval)):
        exit_layer.masked_fill_(entropies[:, layer - 1] < threshold, layer)
    return exit_layer


def near_threshold(entropies: Tensor, threshold: float) -> Tensor:
    """Which sentences another runtime may let leave elsewhere, for want of the same rounding.

    The last exit does not count, since whoever gets there leaves; and at a threshold of 0 or less
    nobody leaves early, however sure.

    Args:
        entropies: `(N, L)` in nats, of every exit of every sentence.
        threshold: tau in nats.

    Returns:
        bool `(N,)`: whether an entropy lies within `NEAR_THRESHOLD` of the threshold.
    """
    if threshold <= 0:
        return torch.zeros(entropies.size(0), dtype=torch.bool, device=entropies.device)
    return ((entropies[:, :-1] - threshold).abs() < NEAR_THRESHOLD).any(dim=1)
