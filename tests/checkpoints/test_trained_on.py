"""The fingerprint in a checkpoint: written, compared, taken on trust where there is none."""

import logging
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from pf_fairseq.checkpoints.restore_guard import check_restorable
from pf_fairseq.checkpoints.trained_on import check_data, fingerprint_in, keep_in_checkpoints
from pf_fairseq.errors import InputError
from pf_fairseq.text.fingerprint import DataFingerprint
from tests.checkpoints.test_restore_guard import options

CHECKPOINT = Path("c.pt")
OURS = {"model": {"_name": "past_future_bert_base"}, "task": {"_name": "sentence_prediction"}}
OTHER = DataFingerprint(("x", "y"), "0" * 64, "1" * 64)


def _known(data: Path, **changes: Any) -> DataFingerprint:
    found = DataFingerprint.of_data_bin(data)
    return DataFingerprint(**{**vars(found), **changes})


def _state(known: DataFingerprint | None, cfg: Any = OURS) -> dict[str, Any]:
    """What fairseq would have saved."""
    task = SimpleNamespace()
    if known is not None:
        keep_in_checkpoints(task, known)
    extra = task.get_checkpoint_dict() if known is not None else {}
    return {
        "model": {"w": torch.ones(1)},
        "optimizer_history": [],
        "extra_state": extra,
        "cfg": cfg,
    }


def _resume(folder: Path, state: dict[str, Any], data: Path) -> str:
    torch.save(state, folder / "checkpoint_last.pt")
    return check_restorable(options(folder), data)


def _start(folder: Path, flag: str, state: dict[str, Any], data: Path) -> str:
    torch.save(state, folder / "start.pt")
    return check_restorable(options(folder, **{flag: str(folder / "start.pt")}), data)


def test_what_is_kept_is_read_again(tiny_data: Path) -> None:
    known = _known(tiny_data)
    assert fingerprint_in(_state(known), CHECKPOINT) == known
    assert check_data(_state(known), CHECKPOINT, tiny_data) == known
    assert fingerprint_in({"model": {}}, CHECKPOINT) is None


def test_what_a_task_says_itself_is_kept_as_well() -> None:
    task = SimpleNamespace(get_checkpoint_dict=lambda: {"mine": 1})
    keep_in_checkpoints(task, OTHER)
    assert task.get_checkpoint_dict() == {"mine": 1, "data_fingerprint": OTHER.to_json()}


def test_other_data_are_refused(tiny_data: Path) -> None:
    with pytest.raises(InputError, match=r"checkpoint `c.pt` was not trained on data like"):
        check_data(_state(OTHER), CHECKPOINT, tiny_data)


def test_without_a_fingerprint_it_is_taken_with_a_warning(
    tiny_data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert check_data(_state(None), CHECKPOINT, tiny_data) == _known(tiny_data)
    assert "checkpoint `c.pt` has no fingerprint of its data" in caplog.text


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"labels": ("x", "y")}, "its labels are 'x', 'y'"),
        ({"dictionary_sha256": "0" * 64}, "another dictionary"),
        ({"tokenizer_sha256": "0" * 64}, "another tokenizer"),
    ],
)
def test_a_resume_finds_everything_again_or_stops(
    changes: dict[str, Any], named: str, tiny_data: Path, tmp_path: Path
) -> None:
    assert _resume(tmp_path, _state(_known(tiny_data)), tiny_data) == "--save-dir"
    with pytest.raises(SystemExit, match=f"^past_future: checkpoint .*{named}"):
        _resume(tmp_path, _state(_known(tiny_data, **changes)), tiny_data)
    (tmp_path / "checkpoint_last.pt").unlink()
    with pytest.raises(SystemExit, match=named):
        _start(tmp_path, "restore_file", _state(_known(tiny_data, **changes)), tiny_data)


def test_fine_tuning_may_have_other_labels(
    tiny_data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state = _state(_known(tiny_data, labels=("x", "y", "z")))
    flag = _start(tmp_path, "finetune_from_model", state, tiny_data)
    assert flag == "--finetune-from-model" and caplog.text == ""
    state = _state(_known(tiny_data, tokenizer_sha256="0" * 64))
    _start(tmp_path, "finetune_from_model", state, tiny_data)
    assert "the data has another tokenizer (tokenizer/) than it was trained with" in caplog.text


def test_fine_tuning_needs_the_same_ids(tiny_data: Path, tmp_path: Path) -> None:
    state = _state(_known(tiny_data, dictionary_sha256="0" * 64))
    with pytest.raises(SystemExit, match=r"another dictionary.*`--tokenizer-dir` of the"):
        _start(tmp_path, "finetune_from_model", state, tiny_data)


@pytest.mark.parametrize("cfg", [None, {"model": {"_name": "roberta"}, "task": {}}])
def test_only_of_ours_a_fingerprint_is_missed(
    cfg: Any, tiny_data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        _start(tmp_path, "finetune_from_model", _state(None, cfg), tiny_data)
        assert caplog.text == ""
        _start(tmp_path, "finetune_from_model", _state(None), tiny_data)
        assert "has no fingerprint" in caplog.text


def test_damaged_data_stop_a_training(tiny_data: Path, tmp_path: Path) -> None:
    data = Path(shutil.copytree(tiny_data, tmp_path / "data"))
    (data / "input0" / "dict.txt").unlink()
    with pytest.raises(SystemExit, match="^past_future: .*dict.txt` cannot be read"):
        _resume(tmp_path, _state(OTHER), data)
