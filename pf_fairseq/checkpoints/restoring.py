"""Make a checkpoint's parameters fit the model, or say what does not."""

import logging

from torch import Tensor

from pf_fairseq.checkpoints.fairseq_roberta import ENCODER, rename_from_fairseq
from pf_fairseq.errors import InputError

logger = logging.getLogger(__name__)

_HEADS = "classification_heads."
_MOST_SHOWN = 3  # of the parameters that do not fit; one sentence has to name the cause


def fit_state_dict(state_dict: dict[str, Tensor], own: dict[str, Tensor]) -> None:
    """Rewrite `state_dict` in place so that a strict load into the model succeeds.

    Exits are filled from `own` (the model's fresh ones) only if the checkpoint has none at all:
    a checkpoint with other exits than the flags describe is refused, not half-restored.

    Args:
        state_dict: of a checkpoint, of ours or of a plain fairseq RoBERTa.
        own: the model's own.

    Raises:
        InputError: naming parameters that are missing, surplus or of another shape.
    """
    layers = [name.removeprefix(ENCODER + "layers.") for name in own if ".layers." in name]
    n_layers = 1 + max(int(name.split(".")[0]) for name in layers)
    renamed = rename_from_fairseq(state_dict, n_layers)
    if not any(name.startswith(_HEADS) for name in renamed):
        logger.info("the checkpoint has no exits: they start from fresh weights")
        renamed.update({name: t for name, t in own.items() if name.startswith(_HEADS)})
    problems = mismatches(renamed, own)
    if problems:
        shown = ", ".join(problems[:_MOST_SHOWN])
        more = f" and {len(problems) - _MOST_SHOWN} more" if len(problems) > _MOST_SHOWN else ""
        raise InputError(
            f"the checkpoint does not fit the model that the flags and the data describe: {shown}"
            f"{more}; give the flags it was trained with, and data of the same dictionary."
        )
    state_dict.clear()
    state_dict.update(renamed)


def mismatches(state_dict: dict[str, Tensor], own: dict[str, Tensor]) -> list[str]:
    """Name the parameters that are missing, surplus or of another shape than the model's own."""
    problems = [f"`{name}` is missing" for name in own if name not in state_dict]
    problems += [f"`{name}` is not in the model" for name in state_dict if name not in own]
    for name in own.keys() & state_dict.keys():
        theirs, ours = tuple(state_dict[name].shape), tuple(own[name].shape)
        if theirs != ours:
            problems.append(f"`{name}` is {theirs} in the checkpoint and {ours} in the model")
    return sorted(problems)
