"""`--restore-file` and `--finetune-from-model` from plain fairseq RoBERTas, by the real command."""

from pathlib import Path

import pytest
import torch
from fairseq.data import Dictionary
from torch import Tensor
from torch.testing import assert_close

from pf_fairseq.trained.loading import load_trained_model
from tests.fairseq import plain_roberta
from tests.fairseq.commands import read_weights_only, train

RESET = ["--reset-optimizer", "--reset-dataloader", "--reset-meters"]
UNCHANGED = ["--lr", "0", "--max-update", "1"]  # one update that moves nothing
TOKENS = torch.tensor([[0, 9, 100, 30, 3, 7, 2], [0, 300, 4, 2, 1, 1, 1]])


@pytest.fixture(scope="module")
def plain(tiny_data: Path) -> plain_roberta.RobertaModel:
    """fairseq's own RoBERTa, two layers deeper than ours."""
    dictionary = Dictionary.load(str(tiny_data / "input0" / "dict.txt"))
    dictionary.add_symbol("<mask>")
    args = plain_roberta.arguments(n_layers=6, width=32, ffn_width=64, n_heads=4)
    return plain_roberta.build(args, dictionary)


def _encoder_weights(state_dict: dict[str, Tensor]) -> dict[str, Tensor]:
    """The encoder's parameters up to layer 4; `version` only marks fairseq's format."""
    prefix = plain_roberta.PREFIX
    other = (f"{prefix}layers.4.", f"{prefix}layers.5.", f"{prefix}version")
    return {
        name: tensor
        for name, tensor in state_dict.items()
        if name.startswith(prefix) and not name.startswith(other)
    }


def _assert_encoder_is(checkpoint: Path, expected: dict[str, Tensor]) -> None:
    ours = _encoder_weights(read_weights_only(checkpoint)["model"])
    assert ours.keys() == expected.keys()
    for name, tensor in expected.items():
        assert torch.equal(ours[name], tensor), name


def test_restores_the_official_layout(
    plain: plain_roberta.RobertaModel, tiny_data: Path, tmp_path: Path
) -> None:
    official = tmp_path / "model.pt"
    weights = plain_roberta.official_names(plain.state_dict())
    plain_roberta.write_official(official, plain.args, weights)
    folder = tmp_path / "checkpoints"
    train(tiny_data, folder, "--restore-file", str(official), *RESET, *UNCHANGED)
    checkpoint = folder / "checkpoint_last.pt"
    _assert_encoder_is(checkpoint, _encoder_weights(plain.state_dict()))

    encoder = load_trained_model(checkpoint).model.sentence_encoder
    expected = plain_roberta.hidden_states(plain, TOKENS)[:5]  # before and after four layers
    is_token = TOKENS.ne(1)
    with torch.no_grad():
        hidden, layout = encoder.embed(TOKENS)
        states = [hidden]
        for layer in encoder.layers:
            hidden = layer(hidden, layout)
            states.append(hidden)
    for ours, theirs in zip(states, expected, strict=True):
        assert_close(ours[is_token], theirs[is_token], atol=1e-5, rtol=1e-5)


def test_finetunes_from_a_plain_model_with_a_stock_head(tiny_data: Path, tmp_path: Path) -> None:
    stock = tmp_path / "stock"
    roberta = ["--arch", "roberta", "--criterion", "sentence_prediction"]
    train(tiny_data, stock, *roberta, "--max-positions", "512", "--max-update", "3")
    plain = read_weights_only(stock / "checkpoint_last.pt")["model"]
    assert "classification_heads.sentence_classification_head.out_proj.bias" in plain

    folder = tmp_path / "checkpoints"
    finetune = ["--finetune-from-model", str(stock / "checkpoint_last.pt")]
    train(tiny_data, folder, *finetune, *UNCHANGED, "--save-interval-updates", "1")
    _assert_encoder_is(folder / "checkpoint_last.pt", _encoder_weights(plain))

    # The same command again resumes instead of starting over.
    again = train(tiny_data, folder, *finetune, "--lr", "0", "--max-update", "2")
    assert list(again.losses) == [2]


def test_heads_alone_are_trained_on_a_plain_model(tiny_data: Path, tmp_path: Path) -> None:
    stock = tmp_path / "stock"
    roberta = ["--arch", "roberta", "--criterion", "sentence_prediction"]
    train(tiny_data, stock, *roberta, "--max-positions", "512", "--max-update", "3")
    plain = read_weights_only(stock / "checkpoint_last.pt")["model"]

    folder = tmp_path / "checkpoints"
    restore = ["--restore-file", str(stock / "checkpoint_last.pt"), *RESET]
    frozen = ["--frozen-layers", "4", "--freeze-schedule", "always", "--weight-decay", "0.1"]
    train(tiny_data, folder, *restore, *frozen, "--max-update", "5", "--save-interval-updates", "1")
    _assert_encoder_is(folder / "checkpoint_last.pt", _encoder_weights(plain))
    first, last = (
        read_weights_only(folder / name)["model"]
        for name in ("checkpoint_1_1.pt", "checkpoint_last.pt")
    )
    heads = [name for name in last if name.startswith("classification_heads.")]
    assert heads and not any(torch.equal(first[name], last[name]) for name in heads)
