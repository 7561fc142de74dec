"""Refusals that take no training: checkpoints that cannot be restored, flags that contradict."""

import math
import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from pf_fairseq.checkpoints.restore_guard import check_restorable
from pf_fairseq.criterions.labels import check_classes
from pf_fairseq.models.config import PastFutureConfig
from pf_fairseq.models.registered import MODELS
from tests.conftest import TinyCheckpoint
from tests.fairseq.commands import read_weights_only
from tests.fairseq.models import build_criterion, build_model, dictionary_of


def _options(**given: Any) -> SimpleNamespace:
    """fairseq's checkpoint options, by default those of a first start."""
    defaults = {
        "restore_file": "checkpoint_last.pt",
        "finetune_from_model": None,
        "save_dir": "checkpoints",
        "checkpoint_suffix": "",
    }
    return SimpleNamespace(**{**defaults, **given})


def test_a_first_start_restores_nothing(tmp_path: Path) -> None:
    check_restorable(_options(save_dir=str(tmp_path)))


def test_a_good_checkpoint_passes(tiny_checkpoint: TinyCheckpoint) -> None:
    check_restorable(_options(restore_file=str(tiny_checkpoint.path)))
    check_restorable(_options(finetune_from_model=str(tiny_checkpoint.path)))
    check_restorable(_options(save_dir=str(tiny_checkpoint.path.parent)))


def test_a_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.pt"
    path.write_text("These are no weights.\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"^past_future: checkpoint `.*text.pt` is truncated, no"):
        check_restorable(_options(restore_file=str(path)))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.pt"
    path.touch()
    with pytest.raises(SystemExit, match=r"^past_future: checkpoint `.*empty.pt` is truncated"):
        check_restorable(_options(restore_file=str(path)))


@pytest.mark.parametrize("lost", ["optimizer_history", "extra_state"])
def test_bare_weights_are_refused(
    lost: str, tiny_checkpoint: TinyCheckpoint, tmp_path: Path
) -> None:
    state = read_weights_only(tiny_checkpoint.path)
    del state[lost]
    torch.save(state, tmp_path / "weights.pt")
    message = f"has a `model` but no `{lost}`, which fairseq needs"
    with pytest.raises(SystemExit, match=re.escape(message)):
        check_restorable(_options(restore_file=str(tmp_path / "weights.pt")))


def test_a_last_checkpoint_cut_by_a_kill_is_refused(
    tiny_checkpoint: TinyCheckpoint, tmp_path: Path
) -> None:
    content = tiny_checkpoint.path.read_bytes()
    (tmp_path / "checkpoint_last.pt").write_bytes(content[: len(content) // 2])
    with pytest.raises(SystemExit, match=r"^past_future: checkpoint `.*last.pt` is truncated"):
        check_restorable(_options(save_dir=str(tmp_path)))


@pytest.mark.parametrize(
    ("flags", "vocab_grows", "message"),
    [
        ({"incorporation": "lstm"}, False, r"incorporation.bias` is not in the model"),
        ({"no_gate": True}, False, r"gate.bias` is not in the model"),
        ({"encoder_layers": 5}, False, r"in the checkpoint and \(5, 2, 32\) in the model"),
        ({}, True, r"embed_tokens.weight` is \(\d+, 32\) in the checkpoint and \(\d+, 32\) in"),
    ],
)
def test_a_checkpoint_of_another_model_is_refused(
    flags: dict[str, Any], vocab_grows: bool, message: str, tiny_checkpoint: TinyCheckpoint
) -> None:
    dictionary = dictionary_of(tiny_checkpoint.data)
    if vocab_grows:
        dictionary.add_symbol("another word")
    model = build_model(dictionary, **flags)
    with pytest.raises(SystemExit) as refusal:
        model.upgrade_state_dict_named(read_weights_only(tiny_checkpoint.path)["model"], "")
    sentence = str(refusal.value)
    assert sentence.startswith("past_future: the checkpoint does not fit the model")
    assert "\n" not in sentence
    assert re.search(message, sentence), sentence


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"encoder_layers": 1}, "`--encoder-layers` must be at least 2"),
        ({"encoder_attention_heads": 5}, "`--encoder-attention-heads` must divide"),
        ({"frozen_layers": 5}, "`--frozen-layers` must be between 0 and the 4 layers"),
        ({"frozen_layers": -1}, "`--frozen-layers` must be between 0 and the 4 layers"),
        (
            {"frozen_layers": 2, "freeze_schedule": "step", "max_update": 0},
            "`--freeze-schedule step` needs `--max-update`",
        ),
        ({"cpu_bf16": True, "cpu": False}, "`--cpu-bf16` is for training on a CPU; give `--cpu`"),
    ],
)
def test_contradicting_flags_are_refused(flags: dict[str, Any], message: str) -> None:
    cfg = PastFutureConfig(**{"encoder_layers": 4, "encoder_embed_dim": 32, **flags})
    if "encoder_attention_heads" not in flags:
        cfg.encoder_attention_heads = 4
    with pytest.raises(SystemExit, match=f"^past_future: {re.escape(message)}"):
        MODELS["roberta"].build_model(cfg, SimpleNamespace())


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"imitation_weight": -0.5}, "`--imitation-weight` must be a number that is not negative"),
        ({"imitation_weight": math.nan}, "`--imitation-weight` must be a number that"),
        ({"layer_weight_power": -1.0}, "`--layer-weight-power` must be a number that"),
        ({"layer_weight_power": math.inf}, "`--layer-weight-power` must be a number that"),
        ({"distillation": 1.5}, "`--distillation` must be a share between 0 and 1, but is 1.5"),
        ({"distillation": -0.1}, "`--distillation` must be a share between 0 and 1, but is -0.1"),
    ],
)
def test_losses_out_of_range_are_refused(
    flags: dict[str, Any], message: str, tiny_data: Path
) -> None:
    with pytest.raises(SystemExit, match=f"^past_future: {re.escape(message)}"):
        build_criterion(tiny_data, **flags)


def test_a_damaged_task_description_is_refused(tiny_data: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_data, tmp_path / "data")
    (tmp_path / "data" / "task.json").write_text("{}", encoding="utf-8")
    task = SimpleNamespace(cfg=SimpleNamespace(num_classes=2, data=str(tmp_path / "data")))
    with pytest.raises(SystemExit, match=r"^past_future: `.*task.json` has format version None"):
        check_classes(task, ["train"])
