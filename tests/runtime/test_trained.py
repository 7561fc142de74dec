"""A checkpoint is only used with data whose inputs look as they did in training."""

import json
import re
import shutil
from pathlib import Path

import pytest

from pf_fairseq.errors import InputError
from pf_fairseq.runtime.trained import load_trained_model
from tests.conftest import TinyCheckpoint


def _described(data: Path, copy: Path, **changes: object) -> Path:
    """A copy of a data-bin whose `task.json` says something else."""
    shutil.copytree(data, copy)
    path = copy / "task.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changes}), "utf-8")
    return copy


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
