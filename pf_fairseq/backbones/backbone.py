"""What the rest of the library knows of an encoder."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator

from torch import Tensor, nn

from pf_fairseq.modules.layout import Layout


class Backbone(nn.Module, ABC):
    """Embeddings and a list of layers.

    It has no `forward` of its own: training runs all layers, inference stops between them, and
    both call `embed` and then the members of `layers` in turn, each with the hidden states
    `(B, T, H)` and the layout that `embed` made.

    Args:
        pad_id: id of padding.
        layers: the layers, from the first.
    """

    def __init__(self, pad_id: int, layers: Iterable[nn.Module]) -> None:
        super().__init__()
        self.pad_id = pad_id
        self.layers = nn.ModuleList(layers)

    def embedding_modules(self) -> Iterator[nn.Module]:
        """Everything below the first layer."""
        return (child for name, child in self.named_children() if name != "layers")

    @abstractmethod
    def embed(self, tokens: Tensor) -> tuple[Tensor, Layout]:
        """Embed int64 tokens `(B, T)`, padded on the right, to `(B, T, H)` and their layout."""
