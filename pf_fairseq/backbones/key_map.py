"""A reversible map between the names of a foreign format and ours."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from torch import Tensor

from pf_fairseq.errors import InputError, list_problems

LAYERS = "layers.{}."  # ours
TOKEN_EMBEDDING = "embeddings.word_embeddings.weight"  # by which an encoder is found
# Where an encoder keeps what its hidden states depend on.
_ENCODER = ("embeddings.", "encoder.")
_BUFFERS = re.compile(r"embeddings\.(position_ids|token_type_ids)")
# Words of modules that read an encoder from within, as the exits of DeeBERT (`encoder.highway`) do.
_HEAD = re.compile(r"(highway|classifier|pooler|exit|head|branche?|ramp)s?")
# Heads in or of these are the encoder's own: `multi_head_attention`, `attention.head_scale`.
_ATTENTION = re.compile(r"attention|attn", re.IGNORECASE)


@dataclass(frozen=True)
class KeyMap:
    """Names of an encoder's tensors in a foreign format.

    Args:
        outside: their names and ours outside the layers.
        layer: what their layer's names begin with; `{}` is its number from 0, and without it
            one layer is shared by all depths.
        inside: their names and ours inside a layer.
    """

    outside: Mapping[str, str]
    layer: str
    inside: Mapping[str, str]

    def pairs(self, n_layers: int) -> list[tuple[str, str]]:
        """Their name and ours of every tensor; theirs repeat where the layer is shared."""
        pairs = list(self.outside.items())
        for number in range(n_layers):
            theirs, ours = self.layer.format(number), LAYERS.format(number)
            pairs += [(theirs + name, ours + own) for name, own in self.inside.items()]
        return pairs

    def to_ours(
        self, weights: Mapping[str, Tensor], n_layers: int
    ) -> tuple[dict[str, Tensor], list[str]]:
        """Rename the weights of an encoder of `n_layers` layers, part of whatever model.

        Returns:
            the weights by our names, and the names of what reads the encoder and is left out.

        Raises:
            InputError: naming every tensor that is missing, or is in the encoder and unknown.
        """
        prefix = encoder_prefix(weights)
        known = {
            _normal(name.removeprefix(prefix)): tensor
            for name, tensor in weights.items()
            if name.startswith(prefix)
        }
        pairs = self.pairs(n_layers)
        theirs = {name for name, _ in pairs}
        surplus = sorted(known.keys() - theirs)
        missing = [f"`{name}` is missing" for name in sorted(theirs - known.keys())]
        unknown = [
            f"`{name}` is not a part of this architecture" for name in surplus if _is_inside(name)
        ]
        if missing:
            raise list_problems(
                "The weights do not fit their config.json; take both from one model.",
                missing + unknown,
            )
        if unknown:
            raise list_problems(
                "The weights have all that config.json asks for, and more inside the encoder. "
                "If these are exits or heads of another method, delete them from the file; "
                "else take weights and config.json from one model.",
                unknown,
            )
        left_out = [name for name in weights if not name.startswith(prefix)]
        left_out += [prefix + name for name in surplus if not _BUFFERS.fullmatch(name)]
        return {own: known[name] for name, own in pairs}, left_out

    def to_theirs(self, weights: Mapping[str, Tensor], n_layers: int) -> dict[str, Tensor]:
        """The same backwards, without a prefix; of a shared layer the first copy is taken."""
        renamed: dict[str, Tensor] = {}
        for name, own in self.pairs(n_layers):
            renamed.setdefault(name, weights[own])
        return renamed


def encoder_prefix(names: Iterable[str]) -> str:
    """What stands before an encoder's names in a larger model: `bert.`, `module.bert.`, nothing.

    Raises:
        InputError: if there are several encoders.
    """
    prefixes = sorted(
        name.removesuffix(TOKEN_EMBEDDING)
        for name in names
        if f".{name}".endswith(f".{TOKEN_EMBEDDING}")
    )
    if len(prefixes) > 1:
        shown = ", ".join(f"`{prefix or TOKEN_EMBEDDING}`" for prefix in prefixes)
        raise InputError(
            f"the weights must hold one encoder, but hold {len(prefixes)} ({shown}); save the one "
            "that is wanted alone."
        )
    return prefixes[0] if prefixes else ""


def linear(names: Mapping[str, str]) -> dict[str, str]:
    """Names of weight and bias for each pair of module names."""
    return {
        f"{theirs}.{part}": f"{ours}.{part}"
        for theirs, ours in names.items()
        for part in ("weight", "bias")
    }


def _is_inside(name: str) -> bool:
    """Whether the hidden states of an encoder would depend on a tensor of it."""
    if not name.startswith(_ENCODER) or _BUFFERS.fullmatch(name):
        return False
    for part in name.split("."):
        if _ATTENTION.search(part):
            return True
        if any(_HEAD.fullmatch(word) for word in part.split("_")):
            return False
    return True


def _normal(name: str) -> str:
    """Their name; layer norms of models that were converted from TensorFlow renamed."""
    name = re.sub(r"(LayerNorm|layer_norm)\.gamma$", r"\1.weight", name)
    return re.sub(r"(LayerNorm|layer_norm)\.beta$", r"\1.bias", name)
