"""An encoder's sizes as fairseq's flags say them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pf_fairseq.backbones.backbone import Backbone
from pf_fairseq.backbones.catalogue import BACKBONES, titles
from pf_fairseq.backbones.description import BackboneDescription
from pf_fairseq.backbones.shape import EncoderShape
from pf_fairseq.errors import InputError
from pf_fairseq.modules.transformer import ACTIVATIONS
from pf_fairseq.text.dictionary import PAD_ID

FLAGS = {
    "n_layers": "encoder_layers",
    "hidden_dim": "encoder_embed_dim",
    "ffn_dim": "encoder_ffn_embed_dim",
    "n_heads": "encoder_attention_heads",
    "activation": "activation_fn",
    "layer_norm_eps": "layer_norm_eps",
    "dropout": "dropout",
    "attention_dropout": "attention_dropout",
    "max_positions": "max_positions",
}
_OLD_ACTIVATIONS = {"gelu_fast": "gelu_accurate"}  # fairseq's two names for one function


@dataclass(frozen=True)
class EncoderConfig:
    """Which encoder, and its sizes.

    Args:
        backbone: a name of the catalogue.
        shape: its sizes.
        own_sizes: the sizes that this backbone alone has, by flag.
    """

    backbone: str
    shape: EncoderShape
    own_sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def description(self) -> BackboneDescription:
        """What the catalogue says of the backbone."""
        return BACKBONES[self.backbone]

    def build(self) -> Backbone:
        """Build the encoder with fresh weights."""
        return self.description.build(self.shape, self.own_sizes)

    def model_flags(self) -> dict[str, Any]:
        """The fields of our fairseq models' config that say the same."""
        flags = {flag: getattr(self.shape, field) for field, flag in FLAGS.items()}
        return {"_name": self.description.model_name, **flags, **self.own_sizes}

    def command_line(self) -> list[str]:
        """The flags of `fairseq-train`, one after another."""
        flags = self.model_flags()
        arguments = ["--arch", f"{flags.pop('_name')}_base"]
        for flag, value in flags.items():
            arguments += [f"--{flag.replace('_', '-')}", str(value)]
        return arguments

    @classmethod
    def from_model_flags(cls, flags: Mapping[str, Any], vocab_size: int) -> "EncoderConfig":
        """Read the config that a checkpoint keeps: of ours, or of fairseq's own RoBERTa.

        Raises:
            InputError: if it is another model's, or incomplete.
        """
        name = str(flags.get("_name") or flags.get("arch"))
        description = next((BACKBONES[each] for each in BACKBONES if each in _words(name)), None)
        if description is None:
            raise InputError(f"the checkpoint's model must be {titles('or')}, but is {name!r}.")
        given = {"layer_norm_eps": 1e-5, **flags}
        own_flags = [size.flag for size in description.own_sizes]
        missing = [flag for flag in [*FLAGS.values(), *own_flags] if given.get(flag) is None]
        if missing:
            raise InputError(f"the checkpoint's flags lack `{missing[0]}`; write it again.")
        fields = {field: given[flag] for field, flag in FLAGS.items()}
        activation = str(fields["activation"])
        fields["activation"] = _OLD_ACTIVATIONS.get(activation, activation)
        if fields["activation"] not in ACTIVATIONS:
            raise InputError(
                f"the checkpoint's `activation_fn` must be one of {', '.join(ACTIVATIONS)}, but is "
                f"{activation!r}."
            )
        shape = EncoderShape(vocab_size=vocab_size, pad_id=PAD_ID, **fields)
        return cls(description.name, shape, {flag: given[flag] for flag in own_flags})


def _words(name: str) -> list[str]:
    return name.replace("-", "_").split("_")
