"""BERT with exits, under its fairseq names."""

from typing import Any

from fairseq.models import register_model, register_model_architecture

from pf_fairseq.backbones.bert import BertEncoder
from pf_fairseq.backbones.shape import EncoderShape
from pf_fairseq.models.config import PastFutureBertConfig
from pf_fairseq.models.past_future import PastFutureModel
from pf_fairseq.models.sizes import use_large


@register_model("past_future_bert", dataclass=PastFutureBertConfig)
class PastFutureBert(PastFutureModel):
    """BERT with an exit after every layer; `</s>` stands for `[SEP]`."""

    backbone = "bert"

    @classmethod
    def build_encoder(cls, cfg: Any, shape: EncoderShape, dictionary: Any) -> BertEncoder:
        """Build the encoder of this shape."""
        return BertEncoder(shape, separator_id=dictionary.eos())


@register_model_architecture("past_future_bert", "past_future_bert_base")
def past_future_bert_base(args: Any) -> None:
    """BERT base: 12 layers x 768, the defaults."""


@register_model_architecture("past_future_bert", "past_future_bert_large")
def past_future_bert_large(args: Any) -> None:
    """BERT large: 24 layers x 1024."""
    use_large(args)
