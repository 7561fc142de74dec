"""`fairseq-hydra-train` with the config files of `examples/glue/config`."""

import json
from pathlib import Path

import pytest

from tests.fairseq.commands import ROOT, Run, read_weights_only, run, script, user_dir

CONFIGS = ROOT / "examples" / "glue" / "config"
# The tests' data and shape; what else the file says stays.
TINY = [
    *("model.encoder_layers=4", "model.encoder_embed_dim=32"),
    *("model.encoder_ffn_embed_dim=64", "model.encoder_attention_heads=4"),
    *("dataset.batch_size=16", "optimization.max_epoch=1", "common.log_format=json"),
]


def _train(name: str, data: Path, folder: Path, *overrides: str) -> Run:
    user_dir(folder)  # the config file looks for it where the command starts
    command = [script("fairseq-hydra-train"), "--config-dir", str(CONFIGS), "--config-name", name]
    return run(*command, f"task.data={data}", *TINY, *overrides, cwd=folder)


def test_trains_what_evaluate_loads(tiny_data: Path, tmp_path: Path) -> None:
    done = _train("sst2_small", tiny_data, tmp_path)
    assert done.status == 0, done.stderr
    folder = tmp_path / "checkpoints" / "sst2_small"
    model = read_weights_only(folder / "checkpoint_last.pt")["cfg"]["model"]
    assert (model["encoder_layers"], model["max_positions"]) == (4, 512)

    (log,) = (tmp_path / "outputs").rglob("hydra_train.log")
    line = next(line for line in log.read_text().splitlines() if '"valid_loss"' in line)
    logged = json.loads(line[line.index("{") :])
    checkpoint, output = str(folder / "checkpoint_best.pt"), tmp_path / "evaluation"
    command = [script("pf-fairseq"), "evaluate", "--checkpoint", checkpoint]
    command += ["--data", str(tiny_data)]
    done = run(*command, "--split", "valid", "--output", str(output), cwd=tmp_path)
    assert done.status == 0, done.stderr
    report = json.loads((output / "report.json").read_text(encoding="utf-8"))
    expected = [float(logged[f"valid_exit_{layer}_accuracy"]) / 100 for layer in range(1, 5)]
    assert report["exit_accuracy"] == pytest.approx(expected, abs=5.01e-5)


def test_the_base_file_wants_its_pretrained_model(tiny_data: Path, tmp_path: Path) -> None:
    done = _train("sst2_base", tiny_data, tmp_path, "common.cpu=true", "common.fp16=false")
    assert done.status != 0
    assert done.last_line.startswith("past_future: `--finetune-from-model` must be a checkpoint")
    assert str(tmp_path / "roberta.base" / "model.pt") in done.last_line
