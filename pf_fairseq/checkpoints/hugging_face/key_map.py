"""A reversible map between the names of a foreign format and ours."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from pf_fairseq.errors import list_problems

LAYERS = "layers.{}."  # ours


@dataclass(frozen=True)
class KeyMap:
    """Names of an encoder's tensors in a foreign format.

    Args:
        prefix: what stands before every name if the encoder is part of a larger model.
        outside: their names and ours outside the layers.
        layer: what their layer's names begin with; `{}` is its number from 0, and without it
            one layer is shared by all depths.
        inside: their names and ours inside a layer.
        ignored: pattern of whole names that an encoder does not need, such as those of heads.
    """

    prefix: str
    outside: Mapping[str, str]
    layer: str
    inside: Mapping[str, str]
    ignored: str

    @property
    def shared_layer(self) -> bool:
        """Whether there is one layer for all depths."""
        return "{}" not in self.layer

    def pairs(self, n_layers: int) -> list[tuple[str, str]]:
        """Their name and ours of every tensor; theirs repeat where the layer is shared."""
        pairs = list(self.outside.items())
        for number in range(n_layers):
            theirs, ours = self.layer.format(number), LAYERS.format(number)
            pairs += [(theirs + name, ours + own) for name, own in self.inside.items()]
        return pairs

    def to_ours(self, weights: Mapping[str, Tensor], n_layers: int) -> dict[str, Tensor]:
        """Rename the weights of an encoder of `n_layers` layers.

        Raises:
            InputError: naming every tensor that is missing, or neither mapped nor ignored.
        """
        known = {self._normal(name): tensor for name, tensor in weights.items()}
        pairs = self.pairs(n_layers)
        theirs = {name for name, _ in pairs}
        problems = [f"`{name}` is missing" for name in sorted(theirs - known.keys())]
        problems += [
            f"`{name}` is not a part of this architecture"
            for name in sorted(known.keys() - theirs)
            if re.fullmatch(self.ignored, name) is None
        ]
        if problems:
            raise list_problems(
                "The weights do not fit their config.json; take both from one model.", problems
            )
        return {own: known[name] for name, own in pairs}

    def to_theirs(self, weights: Mapping[str, Tensor], n_layers: int) -> dict[str, Tensor]:
        """The same backwards, without a prefix; of a shared layer the first copy is taken."""
        renamed: dict[str, Tensor] = {}
        for name, own in self.pairs(n_layers):
            renamed.setdefault(name, weights[own])
        return renamed

    def _normal(self, name: str) -> str:
        """Their name without the prefix; layer norms of converted TensorFlow models renamed."""
        name = name.removeprefix(self.prefix)
        name = re.sub(r"(LayerNorm|layer_norm)\.gamma$", r"\1.weight", name)
        return re.sub(r"(LayerNorm|layer_norm)\.beta$", r"\1.bias", name)


def linear(names: Mapping[str, str]) -> dict[str, str]:
    """Names of weight and bias for each pair of module names."""
    return {
        f"{theirs}.{part}": f"{ours}.{part}"
        for theirs, ours in names.items()
        for part in ("weight", "bias")
    }
