"""Rows of the token embedding in the order of the dictionary, and configs of checkpoints."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from pf_fairseq.checkpoints.encoder_config import EncoderConfig
from pf_fairseq.checkpoints.pretrained import to_dictionary_order, to_own_order
from pf_fairseq.errors import InputError

FLAGS: dict[str, Any] = {
    "_name": "roberta_base",
    "encoder_layers": 2,
    "encoder_embed_dim": 8,
    "encoder_ffn_embed_dim": 16,
    "encoder_attention_heads": 2,
    "activation_fn": "gelu",
    "dropout": 0.1,
    "attention_dropout": 0.1,
    "max_positions": 20,
}


def _tokenizer(ids: list[int], vocab_size: int | None = None) -> Any:
    return SimpleNamespace(token_id_map=ids, vocab_size=vocab_size or len(ids))


def test_rows_move_there_and_back() -> None:
    rows = torch.arange(8.0).view(4, 2)
    tokenizer = _tokenizer([2, 0, 3, 1])
    moved = to_dictionary_order(rows, tokenizer)
    assert moved[:, 0].tolist() == [2.0, 6.0, 0.0, 4.0]
    assert torch.equal(to_own_order(moved, tokenizer), rows)


@pytest.mark.parametrize(
    ("rows", "tokenizer", "message"),
    [
        (torch.zeros(4, 2), _tokenizer([0, 1, 2]), "must give the 4 ids .* but gives 3"),
        (torch.zeros(520, 2), _tokenizer([0, 1, 2]), "must give the 520 ids .* but gives 3"),
        (torch.zeros(3, 2), _tokenizer([0, 1, 2], 5), "but gives 3, of which a dictionary makes 5"),
        (torch.zeros(4, 2), _tokenizer([0, 2, 1, 2]), "ids 1 and 3 stand for one special token"),
        (torch.zeros(3), _tokenizer([0, 1, 2]), r"must be `.rows, width.`, but is \(3,\)"),
    ],
)
def test_rows_that_do_not_pair_off(rows: Any, tokenizer: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        to_dictionary_order(rows, tokenizer)


def test_spare_rows_are_cut_off() -> None:
    rows = torch.arange(16.0).view(8, 2)
    moved = to_dictionary_order(rows, _tokenizer([2, 0, 3, 1, 4]))
    assert moved[:, 0].tolist() == [2.0, 6.0, 0.0, 4.0, 8.0]


def test_fairseqs_old_name_of_an_activation() -> None:
    config = EncoderConfig.from_model_flags({**FLAGS, "activation_fn": "gelu_fast"}, 10)
    assert config.shape.activation == "gelu_accurate"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"activation_fn": "tanh"}, "must be one of gelu, gelu_accurate, relu, but is 'tanh'"),
        ({"_name": "past_future_albert_base"}, "flags lack `encoder_embedding_dim`"),
        ({"_name": "transformer_lm"}, "must be RoBERTa, BERT, ALBERT or MPNet, but is"),
        ({"encoder_layers": None}, "flags lack `encoder_layers`"),
    ],
)
def test_flags_that_are_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        EncoderConfig.from_model_flags({**FLAGS, **changed}, 10)
