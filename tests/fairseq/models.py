"""Models built in memory, as fairseq's task builds them."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from fairseq.data import Dictionary
from torch import Tensor

from pf_fairseq.criterions.past_future import PastFutureCriterion, PastFutureCriterionConfig
from pf_fairseq.models.config import PastFutureConfig
from pf_fairseq.models.past_future import PastFutureModel
from pf_fairseq.models.registered import MODELS

HEAD = "sentence_classification_head"
TINY = {
    "encoder_layers": 4,
    "encoder_embed_dim": 32,
    "encoder_ffn_embed_dim": 64,
    "encoder_attention_heads": 4,
    "max_positions": 40,
    "max_update": 100,
    "seed": 1,
    "cpu": True,
}


def small_dictionary(n_words: int = 50) -> Dictionary:
    """Words, the special symbols and `<mask>`."""
    dictionary = Dictionary()
    for number in range(n_words):
        dictionary.add_symbol(f"word{number}")
    dictionary.add_symbol("<mask>")
    return dictionary


def task(n_words: int = 50) -> SimpleNamespace:
    """What a model's `build_model` wants of fairseq's task."""
    return SimpleNamespace(source_dictionary=small_dictionary(n_words))


def dictionary_of(data: Path) -> Dictionary:
    """The dictionary of a data-bin, as `sentence_prediction` loads it."""
    dictionary = Dictionary.load(str(data / "input0" / "dict.txt"))
    dictionary.add_symbol("<mask>")
    return dictionary


def build_model(
    dictionary: Dictionary | None = None, *, n_classes: int = 2, **flags: Any
) -> PastFutureModel:
    """A tiny model with its exits; `flags` are fields of `PastFutureConfig`."""
    torch.manual_seed(0)
    task = SimpleNamespace(source_dictionary=dictionary or small_dictionary())
    model = MODELS["roberta"].build_model(PastFutureConfig(**{**TINY, **flags}), task)
    model.register_classification_head(HEAD, num_classes=n_classes)
    return model


def random_tokens(n_sentences: int = 6, n_tokens: int = 9) -> Tensor:
    """Finished inputs of different lengths, padded on the right."""
    tokens = torch.randint(4, 54, (n_sentences, n_tokens))
    tokens[:, 0] = 0
    for row in range(n_sentences):
        length = n_tokens - row % 4
        tokens[row, length - 1] = 2
        tokens[row, length:] = 1
    return tokens


def sample_of(tokens: Tensor, targets: Tensor) -> dict[str, Any]:
    """A batch as the task gives it to a criterion."""
    return {
        "net_input": {"src_tokens": tokens, "src_lengths": tokens.ne(1).sum(dim=1)},
        "target": targets.unsqueeze(1),
        "nsentences": len(targets),
        "ntokens": int(tokens.ne(1).sum()),
    }


def build_criterion(data: Path, **flags: Any) -> PastFutureCriterion:
    """The criterion for a data-bin of two classes."""
    labels = Dictionary.load(str(data / "label" / "dict.txt"))
    cfg = SimpleNamespace(num_classes=2, data=str(data))
    task = SimpleNamespace(cfg=cfg, label_dictionary=labels)
    subsets: dict[str, Any] = {"train_subset": "train", "valid_subset": "valid"}
    return PastFutureCriterion(PastFutureCriterionConfig(**subsets, **flags), task)
