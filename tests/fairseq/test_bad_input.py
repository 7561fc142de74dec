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
    """Leaves a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        return (shutil.copy, (__file__, str(self.path)))


def _restore(path: Path) -> list[str]:
    return ["--restore-file", str(path), *RESET]


def _write_files(folder: Path, checkpoint: Path) -> None:
    (folder / "truncated.pt").write_bytes(checkpoint.read_bytes()[:-5000])
    torch.save([torch.zeros(3)], folder / "list.pt")
    (folder / "code.pt").write_bytes(pickle.dumps({"model": Bomb(folder / "exploded")}))


def _write_three_labels(data: Path, folder: Path) -> None:
    """A data-bin as fairseq's own tools make it, without `task.json`, with a third label."""
    copy = folder / "three"
    shutil.copytree(data, copy)
    (copy / "task.json").unlink()
    (copy / "label" / "dict.txt").write_text("a 1\nb 1\nc 1\n", encoding="utf-8")
    for split, n_rows in {"train": 200, "valid": 60}.items():
        rows = ([[4 + row % 3]] for row in range(n_rows))
        write_indexed([copy / "label" / split], rows, vocab_size=8)


def _write_unlabelled(data: Path, folder: Path) -> None:
    copy = folder / "unlabelled"
    shutil.copytree(data, copy)
    for path in (copy / "label").glob("valid.*"):
        path.unlink()


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
        r"past_future: the checkpoint does not fit .*classifier.weight` is \(4, 2, 32\) in the "
        r"checkpoint and \(4, 2, 64\) in the model.* and \d+ more; give the flags",
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
        r"past_future: .*input0/valid must have labels at .*unlabelled/label/valid",
    ),
    "no data": (
        lambda folder: [str(folder / "nowhere")],
        r"No such file or directory: .*nowhere/input0/dict.txt",
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
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the bad files lie."""
    return tmp_path_factory.mktemp("bad")


@pytest.fixture(scope="module")
def runs(tiny_checkpoint: TinyCheckpoint, folder: Path) -> dict[str, Future[Run]]:
    """All commands, two at a time: most of their seconds are imports."""
    shutil.copy(tiny_checkpoint.path, folder / "good.pt")
    _write_files(folder, tiny_checkpoint.path)
    _write_three_labels(tiny_checkpoint.data, folder)
    _write_unlabelled(tiny_checkpoint.data, folder)
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


def test_no_code_was_run(runs: dict[str, Future[Run]], folder: Path) -> None:
    assert runs["a pickle with code"].result().status != 0
    assert not (folder / "exploded").exists()
    pickle.loads((folder / "code.pt").read_bytes())
    assert (folder / "exploded").exists()  # it would have been seen
