"""An encoder's sizes as fairseq's flags say them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pf_fairseq.backbones.albert import AlbertEncoder
from pf_fairseq.backbones.backbone import Backbone
from pf_fairseq.backbones.bert import BertEncoder
from pf_fairseq.backbones.roberta import RobertaEncoder
from pf_fairseq.backbones.shape import EncoderShape
from pf_fairseq.errors import InputError
from pf_fairseq.modules.transformer import ACTIVATIONS
from pf_fairseq.text.dictionary import EOS_ID, PAD_ID

BACKBONES = ("roberta", "bert", "albert")
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
_EMBEDDING_FLAG = "encoder_embedding_dim"  # ALBERT's alone


@dataclass(frozen=True)
class EncoderConfig:
    """Which encoder, and its sizes.

    Args:
        backbone: one of `BACKBONES`.
        shape: its sizes.
        embedding_dim: width of ALBERT's embeddings; None for the others.
    """

    backbone: str
    shape: EncoderShape
    embedding_dim: int | None = None

    def build(self) -> Backbone:
        """Build the encoder with fresh weights."""
        if self.backbone == "roberta":
            return RobertaEncoder(self.shape)
        if self.backbone == "bert":
            return BertEncoder(self.shape, separator_id=EOS_ID)
        assert self.embedding_dim is not None
        return AlbertEncoder(self.shape, self.embedding_dim, separator_id=EOS_ID)

    def model_flags(self) -> dict[str, Any]:
        """The fields of our fairseq models' config that say the same."""
        flags = {flag: getattr(self.shape, field) for field, flag in FLAGS.items()}
        if self.embedding_dim is not None:
            flags[_EMBEDDING_FLAG] = self.embedding_dim
        return {"_name": f"past_future_{self.backbone}", **flags}

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
        backbone = next((each for each in BACKBONES if each in _words(name)), None)
        if backbone is None:
            raise InputError(
                f"the checkpoint's model must be RoBERTa, BERT or ALBERT, but is {name!r}."
            )
        given = {"layer_norm_eps": 1e-5, **flags}
        missing = [flag for flag in FLAGS.values() if given.get(flag) is None]
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
        if backbone == "albert" and given.get(_EMBEDDING_FLAG) is None:
            raise InputError(f"the checkpoint's flags lack `{_EMBEDDING_FLAG}`; write it again.")
        shape = EncoderShape(vocab_size=vocab_size, pad_id=PAD_ID, **fields)
        return cls(backbone, shape, given.get(_EMBEDDING_FLAG))


def _words(name: str) -> list[str]:
    return name.replace("-", "_").split("_")
