"""Other data than a checkpoint was trained on are refused wherever the two meet."""

import json
import re
import shutil
from pathlib import Path

import pytest
from fairseq import checkpoint_utils

from pf_fairseq import EarlyExitClassifier
from pf_fairseq.cli.main import main
from pf_fairseq.errors import InputError
from pf_fairseq.registration import register
from pf_fairseq.text.fingerprint import DataFingerprint
from pf_fairseq.trained.loading import load_trained_model
from tests.conftest import TinyCheckpoint
from tests.fairseq.commands import (
    TASK,
    read_weights_only,
    run,
    script,
    training_command,
    user_dir,
)


def rename_a_label(data: Path) -> None:
    task = json.loads((data / "task.json").read_text())
    task["labels"][0] = "zebra"
    (data / "task.json").write_text(json.dumps(task))
    (data / "label" / "dict.txt").write_text("".join(f"{name} 1\n" for name in task["labels"]))


def exchange_two_words(data: Path) -> None:
    path = data / "input0" / "dict.txt"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([*lines[:9], lines[10], lines[9], *lines[11:]]), encoding="utf-8")


def change_the_tokenizer(data: Path) -> None:
    path = min((data / "tokenizer").iterdir())
    path.write_bytes(path.read_bytes() + b"\n")


CHANGES = {
    "its labels are ": rename_a_label,
    "another dictionary": exchange_two_words,
    "another tokenizer": change_the_tokenizer,
}


@pytest.fixture
def data(tiny_checkpoint: TinyCheckpoint, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_checkpoint.data, tmp_path / "data-bin"))


def test_a_checkpoint_knows_its_data(tiny_checkpoint: TinyCheckpoint, data: Path) -> None:
    expected = DataFingerprint.of_data_bin(tiny_checkpoint.data)
    extra = read_weights_only(tiny_checkpoint.path)["extra_state"]
    assert extra["data_fingerprint"] == expected.to_json()
    assert None not in (expected.labels, expected.dictionary_sha256, expected.tokenizer_sha256)
    assert load_trained_model(tiny_checkpoint.path, data).fingerprint == expected


@pytest.mark.parametrize("named", CHANGES)
def test_loading(named: str, tiny_checkpoint: TinyCheckpoint, data: Path) -> None:
    CHANGES[named](data)
    with pytest.raises(InputError, match=f"was not trained on data like `.*{re.escape(named)}"):
        load_trained_model(tiny_checkpoint.path, data)
    with pytest.raises(InputError, match=re.escape(named)):
        EarlyExitClassifier.load(tiny_checkpoint.path, data)


@pytest.mark.parametrize("command", ["evaluate", "calibrate", "export"])
def test_commands(
    command: str,
    tiny_checkpoint: TinyCheckpoint,
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    exchange_two_words(data)
    output = tmp_path / "output"
    arguments = [command, "--checkpoint", tiny_checkpoint.path, "--data", data, "--output", output]
    if command == "calibrate":
        arguments += ["--speedup", 2]
    assert main(list(map(str, arguments))) == 2
    assert "the data has another dictionary" in capsys.readouterr().err
    assert not output.exists()


@pytest.mark.parametrize("named", CHANGES)
def test_a_resume(named: str, tiny_checkpoint: TinyCheckpoint, data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    shutil.copy(tiny_checkpoint.path, folder / "checkpoint_last.pt")
    CHANGES[named](data)
    done = run(*training_command(data, folder, "--max-update", "131"), cwd=tmp_path)
    assert done.status != 0 and named in done.last_line, done.stderr
    assert "past_future: checkpoint `" in done.last_line


def validation(data: Path, checkpoint: Path, folder: Path) -> list[str]:
    """The command line of fairseq's own evaluation."""
    flags = ["--path", str(checkpoint), "--user-dir", str(user_dir(folder)), *TASK, "--cpu"]
    flags += ["--criterion", "past_future", "--batch-size", "8", "--num-workers", "0"]
    return [script("fairseq-validate"), str(data), *flags]


def test_fairseqs_own_evaluation(
    tiny_checkpoint: TinyCheckpoint, data: Path, tmp_path: Path
) -> None:
    done = run(*validation(data, tiny_checkpoint.path, tmp_path), cwd=tmp_path)
    assert done.status == 0 and "accuracy" in done.stdout, done.stderr
    rename_a_label(data)
    done = run(*validation(data, tiny_checkpoint.path, tmp_path), cwd=tmp_path)
    assert done.status != 0 and "its labels are " in done.last_line, done.stderr


@pytest.mark.parametrize("named", CHANGES)
def test_fairseqs_own_loading(named: str, tiny_checkpoint: TinyCheckpoint, data: Path) -> None:
    register()
    names = [str(tiny_checkpoint.path)]
    overrides = {"data": str(data)}
    models, _, _ = checkpoint_utils.load_model_ensemble_and_task(names, overrides)
    assert len(models) == 1
    CHANGES[named](data)
    with pytest.raises(SystemExit, match=f"past_future: checkpoint .*{re.escape(named)}"):
        checkpoint_utils.load_model_ensemble_and_task(names, overrides)
