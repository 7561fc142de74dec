"""A plain RoBERTa of `roberta.base`'s exact shape and names, restored in memory."""

from types import SimpleNamespace

import pytest
import torch
from fairseq.data import Dictionary
from torch.testing import assert_close

from pf_fairseq.checkpoints.restoring import fit_state_dict
from pf_fairseq.models.config import PastFutureConfig
from pf_fairseq.models.past_future import PastFutureModel
from pf_fairseq.models.registered import MODELS
from tests.fairseq import plain_roberta

N_SYMBOLS = 50265 - 5  # four special symbols in front, <mask> behind
EXAMPLE = [0, 9, 100, 50264, 3, 7, 2]


@pytest.fixture(scope="module")
def dictionary() -> Dictionary:
    """A dictionary of the size of the official one."""
    dictionary = Dictionary()
    for number in range(N_SYMBOLS):
        dictionary.add_symbol(str(number))
    dictionary.add_symbol("<mask>")
    assert len(dictionary) == 50265
    return dictionary


@pytest.fixture(scope="module")
def plain(dictionary: Dictionary) -> plain_roberta.RobertaModel:
    """fairseq's own model of 12 layers x 768."""
    args = plain_roberta.arguments(n_layers=12, width=768, ffn_width=3072, n_heads=12)
    return plain_roberta.build(args, dictionary)


@pytest.fixture(scope="module")
def restored(dictionary: Dictionary, plain: plain_roberta.RobertaModel) -> PastFutureModel:
    """Our model with the weights of `plain`, which had the official names in between."""
    cfg = PastFutureConfig(max_positions=512)
    task = SimpleNamespace(source_dictionary=dictionary)
    model = MODELS["roberta"].build_model(cfg, task)
    model.register_classification_head("sentence_classification_head", num_classes=2)
    weights = plain_roberta.official_names(plain.state_dict())
    assert weights["decoder.sentence_encoder.embed_positions.weight"].shape == (514, 768)
    assert weights["decoder.sentence_encoder.layers.11.self_attn.in_proj_bias"].shape == (2304,)
    fit_state_dict(weights, model.state_dict())
    model.load_state_dict(weights, strict=True)
    return model.eval()


def test_every_encoder_weight_is_bit_identical(
    plain: plain_roberta.RobertaModel, restored: PastFutureModel
) -> None:
    theirs = plain.state_dict()
    ours = restored.state_dict()
    names = [name for name in ours if name.startswith("encoder.")]
    assert len(names) == 4 + 12 * 16
    for name in names:
        assert torch.equal(ours[name], theirs[name]), name


@pytest.mark.parametrize("padded", [False, True])
def test_hidden_states_of_every_layer_are_fairseqs(
    plain: plain_roberta.RobertaModel, restored: PastFutureModel, padded: bool
) -> None:
    tokens = torch.tensor([EXAMPLE, [*EXAMPLE[:3], 2, 1, 1, 1] if padded else EXAMPLE[::-1]])
    is_token = tokens.ne(1)
    expected = plain_roberta.hidden_states(plain, tokens)
    encoder = restored.sentence_encoder
    with torch.no_grad():
        hidden, layout = encoder.embed(tokens)
        states = [hidden]
        for layer in encoder.layers:
            hidden = layer(hidden, layout)
            states.append(hidden)
    assert len(states) == len(expected) == 13
    for ours, theirs in zip(states, expected, strict=True):
        assert_close(ours[is_token], theirs[is_token], atol=1e-5, rtol=1e-5)
