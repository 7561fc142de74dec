"""All that there is to know of a backbone by its name, in one typed description."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from pf_fairseq.backbones.backbone import Backbone
from pf_fairseq.backbones.key_map import KeyMap
from pf_fairseq.backbones.shape import EncoderShape
from pf_fairseq.text.special_pieces import SpecialPieces


@dataclass(frozen=True)
class OwnSize:
    """A size that one backbone alone has.

    Args:
        flag: its field of the model's flags.
        default: the value of the published base model.
        description: what `--help` says of it.
        config_key: its name in Hugging Face's config.json.
    """

    flag: str
    default: int
    description: str
    config_key: str


@dataclass(frozen=True)
class HuggingFaceFormat:
    """How Hugging Face's folders hold the backbone.

    Args:
        architecture: class of the encoder without heads, as config.json names it.
        key_map: names of the weights.
        tokenizer_classes: classes that cut texts as our tokenizer does; the first is written.
        tokenizer_options: options that change what a text is cut into, each with the values that
            change nothing, the one to recommend last.
        also_special: special tokens that its tokenizer's files may list beside the five.
        only: keys of config.json that change the computation, with the one value that we compute.
        written: keys that config.json holds beside the sizes.
        first_position: row of the position embedding that belongs to the first token.
        to_ours: changes renamed weights in place where more than their names differ.
        to_theirs: the same backwards.
    """

    architecture: str
    key_map: KeyMap
    tokenizer_classes: Sequence[str]
    tokenizer_options: Mapping[str, Sequence[object]] = field(default_factory=dict)
    also_special: frozenset[str] = frozenset()
    only: Mapping[str, object] = field(default_factory=dict)
    written: Mapping[str, object] = field(default_factory=dict)
    first_position: int = 0
    to_ours: Callable[[dict[str, Tensor]], None] | None = None
    to_theirs: Callable[[dict[str, Tensor]], None] | None = None


@dataclass(frozen=True)
class BackboneDescription:
    """One backbone.

    Args:
        name: in `--arch past_future_NAME`, in an archive's metadata and as Hugging Face's
            `model_type`.
        title: its name in a sentence.
        build: builds the encoder from its sizes and the values of `own_sizes` by flag.
        tokenizer: kind of its tokenizer.
        special_pieces: what the tokenizer's files call the special tokens.
        hugging_face: the foreign format.
        sizes: names of the published sizes, each an arch of its own.
        defaults: flags of the model whose default differs from what most backbones have.
        own_sizes: flags that it alone has.
        shared_layer: whether one layer serves every depth.
        segment_ids: for int64 tokens `(B, T)` the text of a pair that each belongs to, where the
            encoder embeds that.
    """

    name: str
    title: str
    build: Callable[[EncoderShape, Mapping[str, int]], Backbone]
    tokenizer: str
    special_pieces: SpecialPieces
    hugging_face: HuggingFaceFormat
    sizes: Sequence[str] = ("base", "large")
    defaults: Mapping[str, Any] = field(default_factory=dict)
    own_sizes: Sequence[OwnSize] = ()
    shared_layer: bool = False
    segment_ids: Callable[[Tensor], Tensor] | None = None

    @property
    def model_name(self) -> str:
        """Name of the model in fairseq's registry."""
        return f"past_future_{self.name}"
