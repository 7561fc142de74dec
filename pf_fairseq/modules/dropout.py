"""Modules without dropout."""

import copy
from typing import TypeVar

from torch import nn

from pf_fairseq.modules.transformer import SelfAttention

T = TypeVar("T", bound=nn.Module)


def without_dropout(module: T) -> T:
    """A copy that shares every parameter and drops nothing, in training mode neither.

    What serves is not to depend on who calls `train()` on a module that it is a part of.
    """
    kept = {id(each): each for each in (*module.parameters(), *module.buffers())}
    copied = copy.deepcopy(module, kept)
    for child in copied.modules():
        if isinstance(child, SelfAttention):
            child.dropout = 0.0
        for name, grandchild in child.named_children():
            if isinstance(grandchild, nn.Dropout):
                setattr(child, name, nn.Identity())
    return copied
