"""One fairseq model per backbone, made from its description, with its archs."""

import sys
from dataclasses import field, fields, make_dataclass
from typing import Any

from fairseq.models import register_model, register_model_architecture

from pf_fairseq.backbones.backbone import Backbone
from pf_fairseq.backbones.catalogue import BACKBONES
from pf_fairseq.backbones.description import BackboneDescription
from pf_fairseq.backbones.shape import EncoderShape
from pf_fairseq.models.checks import check_shared_layer
from pf_fairseq.models.config import PastFutureConfig
from pf_fairseq.models.past_future import PastFutureModel

# Sizes that were published, and the flags that they set; the defaults are those of base.
_SIZES: dict[str, dict[str, int]] = {
    "base": {},
    "large": {
        "encoder_layers": 24,
        "encoder_embed_dim": 1024,
        "encoder_ffn_embed_dim": 4096,
        "encoder_attention_heads": 16,
    },
}


def _config_class(description: BackboneDescription) -> type[PastFutureConfig]:
    """The flags with this backbone's defaults, and those that it alone has."""
    inherited = {each.name: each for each in fields(PastFutureConfig)}
    changed = [
        (name, inherited[name].type, field(default=value, metadata=inherited[name].metadata))
        for name, value in description.defaults.items()
    ]
    own = [
        (size.flag, int, field(default=size.default, metadata={"help": size.description}))
        for size in description.own_sizes
    ]
    name = f"PastFuture{description.title}Config"
    return make_dataclass(name, [*changed, *own], bases=(PastFutureConfig,))


def _model_class(description: BackboneDescription) -> type[PastFutureModel]:
    class Model(PastFutureModel):
        backbone = description.name

        @classmethod
        def build_encoder(cls, cfg: Any, shape: EncoderShape, dictionary: Any) -> Backbone:
            """Build the encoder of this shape."""
            if description.shared_layer:
                check_shared_layer(cfg, description.title)
            own = {size.flag: int(getattr(cfg, size.flag)) for size in description.own_sizes}
            return description.build(shape, own)

    Model.__doc__ = f"{description.title} with an exit after every layer."
    Model.__name__ = Model.__qualname__ = f"PastFuture{description.title}"
    return Model


def _register_sizes(description: BackboneDescription) -> None:
    for size in description.sizes:

        def use_size(args: Any, flags: dict[str, int] = _SIZES[size]) -> None:
            for flag, value in flags.items():
                setattr(args, flag, getattr(args, flag, value))

        name = description.model_name
        register_model_architecture(name, f"{name}_{size}")(use_size)


def _register(description: BackboneDescription) -> type[PastFutureModel]:
    """Make the model known to fairseq; its classes can be pickled, as spawned processes want."""
    config, model = _config_class(description), _model_class(description)
    for made in (config, model):
        made.__module__ = __name__
        setattr(sys.modules[__name__], made.__name__, made)
    register_model(description.model_name, dataclass=config)(model)
    _register_sizes(description)
    return model


MODELS = {name: _register(description) for name, description in BACKBONES.items()}
ARCHS = [
    f"{description.model_name}_{size}"
    for description in BACKBONES.values()
    for size in description.sizes
]
