"""The exits of all layers at once, as training runs them, whatever the method."""

from abc import ABC, abstractmethod
from typing import NamedTuple

from torch import Tensor, nn

from pf_fairseq.modules.layout import Layout


class AllExits(NamedTuple):
    """Every exit of a batch: what training needs."""

    logits: Tensor  # (B, L, C)
    states: Tensor  # (B, L, D)
    imitated: Tensor | None  # (B, L - 1, L - 1, D), for the loss; None without a future
    evidence: Tensor  # (B, L, E), what a policy is given beside logits; E = 0: nothing


class Exits(nn.Module, ABC):
    """A method's exits, with their parameters.

    After each layer they see the hidden states of all tokens, and take from them what they want to
    keep: a state, or what an attention of their own over the tokens makes of them. Once all layers
    have run they are given all that was kept, and answer for every exit at once.

    Args:
        n_layers: depth `L` of the encoder, and number of exits.
        n_classes: number of classes `C`.
        reaches_back: whether the loss of an exit reaches what was kept of layers before its own.
    """

    def __init__(self, n_layers: int, n_classes: int, *, reaches_back: bool) -> None:
        super().__init__()
        self.n_layers = n_layers
        self.n_classes = n_classes
        self.reaches_back = reaches_back

    @abstractmethod
    def summarise(self, hidden: Tensor, layout: Layout, layer: int) -> Tensor:
        """What is kept of a layer (1-based): `(B, T, H)` to `(B, K)`, `K` the same for each."""

    @abstractmethod
    def forward(self, summaries: Tensor) -> AllExits:
        """Every exit, from what was kept of all layers `(B, L, K)`."""
