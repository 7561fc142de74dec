"""`fairseq-train` with bad input: non-zero status, and the last line on stderr names the cause."""

import pickle
import re
import shutil
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

from pf_fairseq.text.indexed import write_indexed
from tests.conftest import TinyCheckpoint
from tests.fairseq.commands import Run, run, training_command

RESET = ["--reset-optimizer", "--reset-dataloader", "--reset-meters"]
UPDATE = ["--max-update", "1"]


class Bomb:
    """Leaves a file where it was unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        return (shutil.copy, (__file__, str(self.path)))


def _restore(path: Path) -> list[str]:
    return ["--restore-file", str(path), *RESET]


def _truncated(checkpoint: Path, folder: Path) -> Path:
    path = folder / "truncated.pt"
    path.write_bytes(checkpoint.read_bytes()[:-5000])
    return path


def _without_training_state(checkpoint: Path, folder: Path) -> Path:
    state = torch.load(checkpoint, weights_only=True)
    torch.save({"model": state["model"]}, folder / "weights.pt")
    return folder / "weights.pt"


def _write_foreign_files(folder: Path) -> None:
    torch.save([torch.zeros(3)], folder / "list.pt")
    (folder / "code.pt").write_bytes(pickle.dumps({"model": Bomb(folder / "exploded")}))
    torch.save({"model": {}, "extra_state": Bomb(folder / "exploded")}, folder / "zipped_code.pt")
    (folder / "text.pt").write_text("These are no weights.\n", encoding="utf-8")


def _with_three_labels(data: Path, folder: Path) -> Path:
    """A data-bin of fairseq's own tools, without `task.json`, that has a third label."""
    copy = folder / "three"
    shutil.copytree(data, copy)
    (copy / "task.json").unlink()
    (copy / "label" / "dict.txt").write_text("a 1\nb 1\nc 1\n", encoding="utf-8")
    for split, n_rows in {"train": 200, "valid": 60}.items():
        rows = ([[4 + row % 3]] for row in range(n_rows))
        write_indexed([copy / "label" / split], rows, vocab_size=8)
    return copy


def _without_valid_labels(data: Path, folder: Path) -> Path:
    copy = folder / "unlabelled"
    shutil.copytree(data, copy)
    for path in (copy / "label").glob("valid.*"):
        path.unlink()
    return copy


# name: (flags from the folder, pattern of the last line)
Case = tuple[Callable[[Path], list[str]], str]
CASES: dict[str, Case] = {
    "truncated": (
        lambda folder: _restore(folder / "truncated.pt"),
        r"past_future: checkpoint `.*truncated.pt` is truncated or no checkpoint",
    ),
    "a list": (
        lambda folder: _restore(folder / "list.pt"),
        r"past_future: checkpoint `.*list.pt` is not fairseq's: it has no `model` entry",
    ),
    "a pickle with code": (
        lambda folder: _restore(folder / "code.pt"),
        r"past_future: checkpoint `.*code.pt` .* is not loaded because it could run code",
    ),
    "an archive with code": (
        lambda folder: _restore(folder / "zipped_code.pt"),
        r"past_future: checkpoint `.*code.pt` .* is not loaded because it could run code",
    ),
    "a text": (
        lambda folder: _restore(folder / "text.pt"),
        r"past_future: checkpoint `.*text.pt` is truncated, no checkpoint, or",
    ),
    "bare weights": (
        lambda folder: _restore(folder / "weights.pt"),
        r"past_future: checkpoint `.*weights.pt` has a `model` but no `optimizer_history`",
    ),
    "a truncated last checkpoint": (
        lambda folder: ["--save-dir", str(folder / "killed")],
        r"past_future: checkpoint `.*killed/checkpoint_last.pt` is truncated or no checkpoint",
    ),
    "no restore file": (
        lambda folder: _restore(folder / "nothing.pt"),
        r"past_future: `--restore-file` must be a checkpoint, but `.*nothing.pt` does not exist",
    ),
    "no model to fine-tune": (
        lambda folder: ["--finetune-from-model", str(folder / "nothing.pt")],
        r"past_future: `--finetune-from-model` must be a checkpoint, but `.*` does not exist",
    ),
    "another width": (
        lambda folder: [*_restore(folder / "good.pt"), "--encoder-embed-dim", "64"],
        r"past_future: the checkpoint does not fit .*embed_positions.weight` is \(514, 32\) in "
        r"the checkpoint and \(514, 64\) in the model",
    ),
    "another dictionary": (
        lambda folder: [str(folder / "other_words"), *_restore(folder / "good.pt")],
        r"past_future: the checkpoint does not fit .*embed_tokens.weight` is \(\d+, 32\)",
    ),
    "other exits": (
        lambda folder: [*_restore(folder / "good.pt"), "--incorporation", "lstm"],
        r"past_future: the checkpoint does not fit .*blocks` is not in the model",
    ),
    "one class": (
        lambda folder: ["--num-classes", "1"],
        r"past_future: `--num-classes` must be at least 2, but is 1 instead",
    ),
    "a class too many": (
        lambda folder: ["--num-classes", "3"],
        r"past_future: `--num-classes` must be 2, the number of labels in .*task.json \(0, 1\), "
        r"but is 3 instead",
    ),
    "a class too few": (
        lambda folder: [str(folder / "three")],
        r"past_future: `--num-classes` must be at least 3, since the labels of .*three/label/train "
        r"go from 0 to 2, but is 2 instead",
    ),
    "no labels": (
        lambda folder: [str(folder / "unlabelled")],
        r"past_future: .*unlabelled/label/valid",
    ),
    "no data": (
        lambda folder: [str(folder / "nowhere")],
        r"No such file or directory: .*nowhere/input0/dict.txt",
    ),
    "no such split": (
        lambda folder: ["--valid-subset", "dev"],
        r"input0/dev",
    ),
    "unknown arch": (
        lambda folder: ["--arch", "past_future_gpt"],
        r"invalid choice: 'past_future_gpt'",
    ),
    "regression": (
        lambda folder: ["--regression-target"],
        r"past_future: `--regression-target` is not supported",
    ),
    "a model without exits": (
        lambda folder: ["--arch", "roberta", "--max-positions", "512"],
        r"past_future: the criterion needs a model with exits, but RobertaModel has none",
    ),
    "too many frozen layers": (
        lambda folder: ["--frozen-layers", "5"],
        r"past_future: `--frozen-layers` must be between 0 and the 4 layers .* but is 5 instead",
    ),
    "a step schedule without an end": (
        lambda folder: [*("--frozen-layers", "2"), *("--freeze-schedule", "step", "--max-update", "0")],
        r"past_future: `--freeze-schedule step` needs `--max-update`",
    ),
}


@pytest.fixture(scope="module")
def runs(
    tiny_checkpoint: TinyCheckpoint, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Future[Run]]:
    """All commands, two at a time: most of their seconds are imports."""
    folder = tmp_path_factory.mktemp("bad")
    shutil.copy(tiny_checkpoint.path, folder / "good.pt")
    (folder / "killed").mkdir()
    shutil.copy(_truncated(tiny_checkpoint.path, folder), folder / "killed" / "checkpoint_last.pt")
    _without_training_state(tiny_checkpoint.path, folder)
    _write_foreign_files(folder)
    _with_three_labels(tiny_checkpoint.data, folder)
    _without_valid_labels(tiny_checkpoint.data, folder)
    shutil.copytree(tiny_checkpoint.data, folder / "other_words")
    with (folder / "other_words" / "input0" / "dict.txt").open("a", encoding="utf-8") as stream:
        stream.write("word 1\n")
    training_command(tiny_checkpoint.data, folder / "save")  # copies the user dir once
    with ThreadPoolExecutor(max_workers=2) as pool:
        return {
            name: pool.submit(_run, tiny_checkpoint.data, folder, flags(folder))
            for name, (flags, _) in CASES.items()
        }


def _run(data: Path, folder: Path, flags: list[str]) -> Run:
    if not flags[0].startswith("--"):
        data, flags = Path(flags[0]), flags[1:]
    command = training_command(data, folder / "save", *UPDATE, "--no-save", *flags)
    return run(*command, cwd=folder)


@pytest.mark.parametrize("name", CASES)
def test_last_line_names_the_cause(runs: dict[str, Future[Run]], name: str) -> None:
    done = runs[name].result()
    assert done.status not in (0, None)
    assert re.search(CASES[name][1], done.last_line), done.stderr[-3000:]


def test_no_code_was_run(runs: dict[str, Future[Run]], tmp_path_factory: pytest.TempPathFactory) -> None:
    assert not list(tmp_path_factory.getbasetemp().glob("bad*/exploded"))
