"""Speed-up ratio: how many layers early exits save."""

from torch import Tensor


def speedup_ratio(exit_layer: Tensor, n_layers: int) -> float:
    """Layers of full depth / layers executed, summed over the sentences, Eq. (15).

    Args:
        exit_layer: int64 `(N,)`, the 1-based layer at which each sentence left, at least one.
        n_layers: depth of the model.

    Returns:
        A number between 1 (nobody left early) and `n_layers` (all left at the first exit).
    """
    if exit_layer.numel() == 0:
        raise ValueError(
            "`exit_layer` must name at least one sentence's exit, but is empty instead."
        )
    lowest, highest = int(exit_layer.min()), int(exit_layer.max())
    if lowest < 1 or highest > n_layers:
        raise ValueError(
            f"`exit_layer` must lie between 1 and `n_layers` = {n_layers}, "
            f"but runs from {lowest} to {highest} instead."
        )
    return exit_layer.numel() * n_layers / int(exit_layer.sum())
