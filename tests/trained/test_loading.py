"""A checkpoint is only used with data whose inputs look as they did in training."""

import json
import re
import shutil
from pathlib import Path

import pytest
import torch

from pf_fairseq.errors import InputError
from pf_fairseq.trained.loading import load_trained_model
from tests.conftest import TinyCheckpoint
from tests.fairseq.models import random_tokens


def _described(data: Path, copy: Path, **changes: object) -> Path:
    """A copy of a data-bin whose `task.json` says something else."""
    shutil.copytree(data, copy)
    path = copy / "task.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changes}), "utf-8")
    return copy


@pytest.mark.parametrize("name", ["past_future_roberta", "past_future_roberta_base"])
def test_a_checkpoint_older_than_a_flag(
    name: str, tiny_checkpoint: TinyCheckpoint, tmp_path: Path
) -> None:
    state = torch.load(tiny_checkpoint.path, weights_only=True)
    for flag in ("no_detach_imitation", "cpu_bf16", "cpu", "state_dim"):
        del state["cfg"]["model"][flag]
    state["cfg"]["model"]["_name"] = name
    torch.save(state, tmp_path / "older.pt")
    tokens = random_tokens()
    found, expected = (
        load_trained_model(path, tiny_checkpoint.data).model.exit_logits(tokens)
        for path in (tmp_path / "older.pt", tiny_checkpoint.path)
    )
    assert torch.equal(found, expected)


def test_another_init_token_is_refused(tiny_checkpoint: TinyCheckpoint, tmp_path: Path) -> None:
    data = _described(tiny_checkpoint.data, tmp_path / "data", init_token=5)
    message = "was trained with `--init-token` 0, but the data's inputs have 5"
    with pytest.raises(InputError, match=re.escape(message)):
        load_trained_model(tiny_checkpoint.path, data)


def test_another_separator_matters_to_pairs_only(
    tiny_checkpoint: TinyCheckpoint, tmp_path: Path
) -> None:
    single = _described(tiny_checkpoint.data, tmp_path / "single", separator_token=7)
    assert load_trained_model(tiny_checkpoint.path, single).n_layers == 4
    pair = _described(tiny_checkpoint.data, tmp_path / "pair", separator_token=7, pair=True)
    with pytest.raises(InputError, match="`--separator-token` 2, but the data's inputs have 7"):
        load_trained_model(tiny_checkpoint.path, pair)
