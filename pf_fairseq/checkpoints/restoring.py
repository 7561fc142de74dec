"""Make a checkpoint's parameters fit the model, or say what does not."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from torch import Tensor

from pf_fairseq.checkpoints.fairseq_roberta import ENCODER, rename_from_fairseq
from pf_fairseq.errors import InputError

logger = logging.getLogger(__name__)

_HEADS = "classification_heads."
_drop_other_heads: ContextVar[bool] = ContextVar("drop_other_heads", default=False)
_MOST_SHOWN = 3  # of the parameters that do not fit; one sentence has to name the cause


@contextmanager
def dropping_other_heads() -> Iterator[None]:
    """Within it, exits that do not fit give way to fresh ones: a model is fine-tuned, not resumed.

    fairseq has one call for both, `load_state_dict`, and says nothing else to the model.
    """
    token = _drop_other_heads.set(True)
    try:
        yield
    finally:
        _drop_other_heads.reset(token)


def fit_state_dict(state_dict: dict[str, Tensor], own: dict[str, Tensor]) -> None:
    """Rewrite `state_dict` in place so that a strict load into the model succeeds.

    Exits are filled from `own` (the model's fresh ones) if the checkpoint has none at all, or
    within `dropping_other_heads`; elsewhere a checkpoint with other exits than the flags describe
    is refused, not half-restored.

    Args:
        state_dict: of a checkpoint, of ours or of a plain fairseq RoBERTa.
        own: the model's own.

    Raises:
        InputError: naming parameters that are missing, surplus or of another shape.
    """
    layers = [name.removeprefix(ENCODER + "layers.") for name in own if ".layers." in name]
    n_layers = 1 + max(int(name.split(".")[0]) for name in layers)
    renamed = rename_from_fairseq(state_dict, n_layers)
    if _drop_other_heads.get():
        renamed = _without_other_heads(renamed, own)
    if not any(name.startswith(_HEADS) for name in renamed):
        logger.info("the checkpoint has no exits: they start from fresh weights")
        renamed.update({name: t for name, t in own.items() if name.startswith(_HEADS)})
    problems = mismatches(renamed, own)
    if problems:
        raise InputError(
            "the checkpoint does not fit the model that the flags and the data describe: "
            f"{_shown(problems)}; {_remedy(problems)}."
        )
    state_dict.clear()
    state_dict.update(renamed)


def _without_other_heads(weights: dict[str, Tensor], own: dict[str, Tensor]) -> dict[str, Tensor]:
    """Leave exits out, as a whole and by name, if any part of them does not fit."""
    heads = {name for name in weights if name.startswith(_HEADS)}
    problems = mismatches(
        {name: weights[name] for name in heads},
        {name: tensor for name, tensor in own.items() if name.startswith(_HEADS)},
    )
    if not heads or not problems:
        return weights
    names = sorted({".".join(name.split(".")[:2]) for name in heads})
    logger.warning(
        "dropped %s of the checkpoint, which fits another number of classes or other flags: %s",
        ", ".join(f"`{name}`" for name in names),
        _shown(problems),
    )
    return {name: tensor for name, tensor in weights.items() if name not in heads}


def _shown(problems: list[str]) -> str:
    more = f" and {len(problems) - _MOST_SHOWN} more" if len(problems) > _MOST_SHOWN else ""
    return f"{', '.join(problems[:_MOST_SHOWN])}{more}"


def _remedy(problems: list[str]) -> str:
    if all(problem.startswith(f"`{_HEADS}") for problem in problems):
        return (
            "give the flags it was trained with and its `--num-classes`, or take its encoder alone "
            "by `--finetune-from-model`"
        )
    return "give the flags it was trained with, and data of the same dictionary"


def mismatches(state_dict: dict[str, Tensor], own: dict[str, Tensor]) -> list[str]:
    """Name the parameters that are missing, surplus or of another shape than the model's own."""
    problems = [f"`{name}` is missing" for name in own if name not in state_dict]
    problems += [f"`{name}` is not in the model" for name in state_dict if name not in own]
    for name in own.keys() & state_dict.keys():
        theirs, ours = tuple(state_dict[name].shape), tuple(own[name].shape)
        if theirs != ours:
            problems.append(f"`{name}` is {theirs} in the checkpoint and {ours} in the model")
    return sorted(problems)
