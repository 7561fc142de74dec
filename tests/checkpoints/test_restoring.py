"""A checkpoint fits the model, is made to fit, or is refused whole."""

import re

import pytest
import torch
from torch import Tensor

from pf_fairseq.checkpoints.restoring import dropping_other_heads, fit_state_dict
from pf_fairseq.errors import InputError

ENCODER = "encoder.sentence_encoder."
HEAD = "classification_heads.sentence_classification_head."


def own_state() -> dict[str, Tensor]:
    """The state of a model with two layers and exits."""
    shapes = {
        ENCODER + "embed_tokens.weight": (9, 4),
        ENCODER + "layers.0.fc1.weight": (6, 4),
        ENCODER + "layers.1.fc1.weight": (6, 4),
        HEAD + "gate.weight": (1, 4),
        HEAD + "classifier.weight": (2, 3, 4),
    }
    return {name: torch.randn(shape) for name, shape in shapes.items()}


def test_a_checkpoint_of_ours_is_taken_as_it_is() -> None:
    state, own = own_state(), own_state()
    expected = dict(state)
    fit_state_dict(state, own)
    assert state.keys() == expected.keys()
    assert all(state[name] is expected[name] for name in expected)


def test_a_plain_roberta_gets_fresh_exits_and_loses_what_it_has_no_use_for() -> None:
    own = own_state()
    plain = {name: tensor for name, tensor in own_state().items() if name.startswith(ENCODER)}
    state = {
        **plain,
        "encoder.lm_head.bias": torch.ones(9),
        "classification_heads.sst2.dense.weight": torch.ones(4, 4),
        ENCODER + "layers.2.fc1.weight": torch.ones(6, 4),
    }
    fit_state_dict(state, own)
    assert state.keys() == own.keys()
    assert all(state[name] is plain[name] for name in plain)
    assert all(state[name] is own[name] for name in own if name.startswith(HEAD))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({ENCODER + "layers.1.fc1.weight": None}, f"`{ENCODER}layers.1.fc1.weight` is missing"),
        ({HEAD + "gate.weight": None}, f"`{HEAD}gate.weight` is missing"),
        (
            {HEAD + "learners.stacked.bias": torch.ones(3)},
            f"`{HEAD}learners.stacked.bias` is not in the model",
        ),
        (
            {ENCODER + "embed_tokens.weight": torch.ones(7, 4)},
            f"`{ENCODER}embed_tokens.weight` is (7, 4) in the checkpoint and (9, 4) in the model",
        ),
    ],
)
def test_other_exits_or_shapes_are_refused(change: dict[str, Tensor | None], problem: str) -> None:
    state = {name: t for name, t in {**own_state(), **change}.items() if t is not None}
    before = dict(state)
    with pytest.raises(InputError, match=re.escape(problem)) as caught:
        fit_state_dict(state, own_state())
    assert "give the flags it was trained with" in str(caught.value)
    assert state == before, "nothing is half-changed"


def test_many_problems_are_counted() -> None:
    with pytest.raises(InputError, match=r"is missing, .* and 2 more; give the flags"):
        fit_state_dict({HEAD + "gate.weight": torch.ones(1, 4)} | {"x": torch.ones(1)}, own_state())


def _other_classes() -> dict[str, Tensor]:
    return {**own_state(), HEAD + "classifier.weight": torch.randn(2, 5, 4)}


def test_fine_tuning_drops_exits_of_another_size_and_names_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    state, own = _other_classes(), own_state()
    encoder = {name: tensor for name, tensor in state.items() if name.startswith(ENCODER)}
    with dropping_other_heads():
        fit_state_dict(state, own)
    assert state.keys() == own.keys()
    assert all(state[name] is tensor for name, tensor in encoder.items())
    assert all(state[name] is own[name] for name in own if name.startswith(HEAD))
    assert f"dropped `{HEAD.rstrip('.')}` of the checkpoint" in caplog.text
    assert "is (2, 5, 4) in the checkpoint and (2, 3, 4) in the model" in caplog.text


def test_fine_tuning_keeps_exits_that_fit(caplog: pytest.LogCaptureFixture) -> None:
    state = own_state()
    expected = dict(state)
    with dropping_other_heads():
        fit_state_dict(state, own_state())
    assert all(state[name] is expected[name] for name in expected) and caplog.text == ""


def test_fine_tuning_still_needs_the_encoder_to_fit() -> None:
    state = {**_other_classes(), ENCODER + "layers.0.fc1.weight": torch.ones(7, 4)}
    with dropping_other_heads(), pytest.raises(InputError, match="data of the same dictionary"):
        fit_state_dict(state, own_state())


def test_a_resume_names_the_way_to_other_classes() -> None:
    with dropping_other_heads():
        pass  # over again
    with pytest.raises(InputError, match="take its encoder alone by `--finetune-from-model`"):
        fit_state_dict(_other_classes(), own_state())
