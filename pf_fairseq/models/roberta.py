"""RoBERTa with exits, under its fairseq names."""

from typing import Any

from fairseq.models import register_model, register_model_architecture

from pf_fairseq.backbones.roberta import RobertaEncoder
from pf_fairseq.backbones.shape import EncoderShape
from pf_fairseq.models.config import PastFutureConfig
from pf_fairseq.models.past_future import PastFutureModel
from pf_fairseq.models.sizes import use_large


@register_model("past_future_roberta", dataclass=PastFutureConfig)
class PastFutureRoberta(PastFutureModel):
    """RoBERTa with an exit after every layer."""

    backbone = "roberta"

    @classmethod
    def build_encoder(cls, cfg: Any, shape: EncoderShape, dictionary: Any) -> RobertaEncoder:
        """Build the encoder of this shape."""
        return RobertaEncoder(shape)


@register_model_architecture("past_future_roberta", "past_future_roberta_base")
def past_future_roberta_base(args: Any) -> None:
    """RoBERTa base: 12 layers x 768, the defaults."""


@register_model_architecture("past_future_roberta", "past_future_roberta_large")
def past_future_roberta_large(args: Any) -> None:
    """RoBERTa large: 24 layers x 1024."""
    use_large(args)
