"""What cannot be restored stops the command, in one sentence."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from pf_fairseq.checkpoints import restore_guard
from pf_fairseq.checkpoints.restore_guard import check_restorable

GOOD = {"model": {"w": torch.ones(1)}, "optimizer_history": [], "extra_state": {}}


def options(folder: Path, **changes: object) -> SimpleNamespace:
    """fairseq's checkpoint options, with their defaults."""
    defaults: dict[str, object] = {
        "restore_file": "checkpoint_last.pt",
        "finetune_from_model": None,
        "checkpoint_suffix": "",
        "save_dir": str(folder),
    }
    return SimpleNamespace(**{**defaults, **changes})


def save(path: Path, state: object = GOOD) -> str:
    torch.save(state, path)
    return str(path)


def test_nothing_to_restore_is_fine(tmp_path: Path) -> None:
    check_restorable(options(tmp_path))


def test_good_files_are_fine(tmp_path: Path) -> None:
    path = save(tmp_path / "start.pt")
    check_restorable(options(tmp_path, restore_file=path))
    check_restorable(options(tmp_path, finetune_from_model=path))
    save(tmp_path / "checkpoint_last.pt")
    check_restorable(options(tmp_path))


@pytest.mark.parametrize("flag", ["restore_file", "finetune_from_model"])
def test_a_missing_file_is_named_with_its_flag(flag: str, tmp_path: Path) -> None:
    path = tmp_path / "typo.pt"
    with pytest.raises(SystemExit) as caught:
        check_restorable(options(tmp_path, **{flag: str(path)}))
    message = str(caught.value)
    assert f"`--{flag.replace('_', '-')}` must be a checkpoint, but `{path}` does not" in message


@pytest.mark.parametrize("flag", ["restore_file", "finetune_from_model"])
def test_a_broken_file_is_refused(flag: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.pt"
    path.write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(SystemExit, match="is truncated or no checkpoint"):
        check_restorable(options(tmp_path, **{flag: str(path)}))


def test_a_broken_last_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "checkpoint_last.pt").write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(SystemExit, match="checkpoint_last.pt` is truncated or no checkpoint"):
        check_restorable(options(tmp_path))


def test_a_resume_comes_before_a_finetuning(tmp_path: Path) -> None:
    save(tmp_path / "checkpoint_last.pt")
    check_restorable(options(tmp_path, finetune_from_model=str(tmp_path / "gone.pt")))


def test_a_start_by_continue_once_is_looked_at(tmp_path: Path) -> None:
    path = save(tmp_path / "start.pt")
    assert check_restorable(options(tmp_path, continue_once=path)) == "--continue-once"
    with pytest.raises(SystemExit, match="`--continue-once` must be a checkpoint, but"):
        check_restorable(options(tmp_path, continue_once=str(tmp_path / "gone.pt")))


def test_weights_without_a_training_state_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "weights.pt", {"model": {"w": torch.ones(1)}})
    with pytest.raises(SystemExit, match="but no `optimizer_history`, which fairseq needs"):
        check_restorable(options(tmp_path, restore_file=path))


def test_the_suffix_of_sharded_checkpoints(tmp_path: Path) -> None:
    save(tmp_path / "start-shard0.pt")
    changes = {"restore_file": str(tmp_path / "start.pt"), "checkpoint_suffix": "-shard0"}
    check_restorable(options(tmp_path, **changes))


def test_installing_twice_wraps_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def load_checkpoint(cfg: object, trainer: Any, **arguments: object) -> str:
        return f"loaded for {trainer.name} with {arguments}"

    monkeypatch.setattr(restore_guard.checkpoint_utils, "load_checkpoint", load_checkpoint)
    restore_guard.install()
    wrapped = restore_guard.checkpoint_utils.load_checkpoint
    restore_guard.install()
    assert restore_guard.checkpoint_utils.load_checkpoint is wrapped
    cfg = options(Path("nowhere"))
    trainer = SimpleNamespace(task=None, cfg=SimpleNamespace(model=None), name="a trainer")
    assert wrapped(cfg, trainer, reset=True) == "loaded for a trainer with {'reset': True}"


@pytest.mark.parametrize(
    ("known", "given", "said"),
    [
        ({}, 0.1, "trained with `--exit-gradient-scale 1` and goes on with 0.1"),
        ({"exit_gradient_scale": 0.3}, 0.1, "`--exit-gradient-scale 0.3` and goes on with 0.1"),
        ({}, 1.0, ""),  # from before the flag, when all of the gradient went in
        ({"exit_gradient_scale": 0.1}, 0.1, ""),
    ],
)
def test_another_gradient_scale_is_said_when_training_resumes(
    known: dict[str, float],
    given: float,
    said: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = {"_name": "past_future_roberta_base", **known}
    cfg = {"model": model, "task": {"_name": "sentence_prediction"}}
    save(tmp_path / "checkpoint_last.pt", {**GOOD, "cfg": cfg})
    flags = SimpleNamespace(exit_gradient_scale=given)
    check_restorable(options(tmp_path), None, flags)
    assert said in caplog.text and bool(said) == bool(caplog.text)


def test_fine_tuning_chooses_its_own_gradient_scale(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cfg = {"model": {"_name": "past_future_roberta_base"}, "task": {"_name": "x"}}
    path = save(tmp_path / "start.pt", {**GOOD, "cfg": cfg})
    flags = SimpleNamespace(exit_gradient_scale=0.1)
    check_restorable(options(tmp_path, finetune_from_model=path), None, flags)
    assert not caplog.text
