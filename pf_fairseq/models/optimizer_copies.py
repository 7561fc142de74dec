"""Whether an optimizer holds a model's parameters, and in which form."""

from collections.abc import Sequence

import torch
from torch import Tensor

THEMSELVES, COPIES, FLAT_COPY = "themselves", "copies", "flat copy"


def how_held(own: Sequence[Tensor], held: Sequence[Tensor]) -> str | None:
    """Tell how the tensors `held` by an optimizer stand for a model's `own` parameters.

    fairseq's half-precision optimizers hold fp32 copies that nothing links to the parameters, one
    for each or a single flat one. Shapes alone would take the optimizer of another model of the
    same sizes for this one's, so the copies must have the parameters' values, as they do between
    two steps.

    Returns:
        `THEMSELVES`, `COPIES` (in the same order), `FLAT_COPY` (one after another in a single
        tensor), or None if the optimizer is another model's.
    """
    if {id(tensor) for tensor in own} & {id(tensor) for tensor in held}:
        return THEMSELVES
    if len(held) == len(own) and _are_copies(own, held):
        return COPIES
    sizes = [tensor.numel() for tensor in own]
    if len(held) == 1 and held[0].dim() == 1 and held[0].numel() == sum(sizes):
        pieces = held[0].split(sizes)
        views = [piece.view_as(tensor) for piece, tensor in zip(pieces, own, strict=True)]
        return FLAT_COPY if _are_copies(own, views) else None
    return None


def _are_copies(own: Sequence[Tensor], held: Sequence[Tensor]) -> bool:
    return all(
        tensor.dtype != copy.dtype
        and tensor.shape == copy.shape
        and torch.equal(tensor, copy.to(tensor.dtype))
        for tensor, copy in zip(own, held, strict=True)
    )
