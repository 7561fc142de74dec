"""ALBERT with exits, under its fairseq names."""

from typing import Any

from fairseq.models import register_model, register_model_architecture

from pf_fairseq.backbones.albert import AlbertEncoder
from pf_fairseq.backbones.shape import EncoderShape
from pf_fairseq.models.checks import refusal
from pf_fairseq.models.config import PastFutureAlbertConfig
from pf_fairseq.models.past_future import PastFutureModel
from pf_fairseq.models.sizes import use_large


@register_model("past_future_albert", dataclass=PastFutureAlbertConfig)
class PastFutureAlbert(PastFutureModel):
    """ALBERT with an exit after every pass through its one layer; `</s>` stands for `[SEP]`."""

    backbone = "albert"

    @classmethod
    def build_encoder(cls, cfg: Any, shape: EncoderShape, dictionary: Any) -> AlbertEncoder:
        """Build the encoder of this shape.

        Raises:
            SystemExit: if the flags freeze a part of the one layer that there is.
        """
        whole = cfg.frozen_layers == cfg.encoder_layers and str(cfg.freeze_schedule) == "always"
        if cfg.frozen_layers > 0 and not whole:
            raise refusal(
                f"ALBERT's layers are one, which is frozen as a whole or not at all: give "
                f"`--frozen-layers {cfg.encoder_layers} --freeze-schedule always`, or leave "
                f"`--frozen-layers {cfg.frozen_layers}` out."
            )
        return AlbertEncoder(shape, cfg.encoder_embedding_dim, separator_id=dictionary.eos())


@register_model_architecture("past_future_albert", "past_future_albert_base")
def past_future_albert_base(args: Any) -> None:
    """ALBERT base: a layer of 768, 12 times, the defaults."""


@register_model_architecture("past_future_albert", "past_future_albert_large")
def past_future_albert_large(args: Any) -> None:
    """ALBERT large: a layer of 1024, 24 times."""
    use_large(args)
