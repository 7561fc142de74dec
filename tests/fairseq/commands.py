"""Run fairseq's own commands as a user does, and read what they log and write."""

import json
import os
import re
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from pf_fairseq.registration import register

ROOT = Path(__file__).parent.parent.parent
TIMEOUT_S = 240  # a command takes seconds; a hanging one must not hang the suite

TINY_SHAPE = [
    *("--encoder-layers", "4", "--encoder-embed-dim", "32"),
    *("--encoder-ffn-embed-dim", "64", "--encoder-attention-heads", "4"),
]
TASK = [
    *("--task", "sentence_prediction", "--num-classes", "2"),
    *("--init-token", "0", "--separator-token", "2"),
]
MODEL = ["--arch", "past_future_roberta", "--criterion", "past_future", *TINY_SHAPE]
OPTIMIZER = [
    *("--optimizer", "adam", "--adam-betas", "(0.9, 0.98)", "--lr", "0.003"),
    *("--weight-decay", "0.01", "--clip-norm", "1.0"),
    *("--batch-size", "16", "--required-batch-size-multiple", "1"),
]
LOGGING = ["--cpu", "--log-format", "json", "--log-interval", "1"]


@dataclass(frozen=True)
class Run:
    """What a command did."""

    status: int
    stdout: str
    stderr: str

    def logged(self, tag: str) -> list[dict[str, Any]]:
        """Give the JSON lines that fairseq logged under `tag`: `train_inner`, `train`, `valid`."""
        pattern = re.compile(rf"\| {tag} \| (\{{.*\}})$", re.MULTILINE)
        return [json.loads(line) for line in pattern.findall(self.stdout)]

    @cached_property
    def losses(self) -> dict[int, dict[str, float]]:
        """Give the losses of every update, by the update's number."""
        names = ("loss", "ce_loss", "imitation_loss")
        return {
            int(line["num_updates"]): {name: float(line[name]) for name in names if name in line}
            for line in self.logged("train_inner")
        }

    @property
    def last_line(self) -> str:
        """Last line on stderr."""
        lines = self.stderr.strip().splitlines()
        return lines[-1] if lines else ""


def script(name: str) -> str:
    """Path of an installed command."""
    return str(Path(sysconfig.get_path("scripts")) / name)


def user_dir(folder: Path) -> Path:
    """Copy `user_dir` to a place of its own.

    fairseq puts the parent of the folder on `sys.path`: in the checkout it would put the checkout's
    pf_fairseq before the installed one that is to be tested.
    """
    copy = folder / "user_dir"
    if not copy.is_dir():
        shutil.copytree(ROOT / "user_dir", copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def run(*command: str, cwd: Path) -> Run:
    """Run a command in `cwd`, with one thread as small models are fastest."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S
    )
    return Run(done.returncode, done.stdout, done.stderr)


def training_command(data: Path, folder: Path, *flags: str) -> list[str]:
    """Give `fairseq-train` of the tiny model on `data`, saving to `folder`; `flags` override."""
    common = ["--user-dir", str(user_dir(folder.parent)), "--save-dir", str(folder)]
    flags = (*TASK, *MODEL, *OPTIMIZER, *LOGGING, *common, *flags)
    return [script("fairseq-train"), str(data), *flags]


def train(data: Path, folder: Path, *flags: str) -> Run:
    """Train the tiny model; fails unless the command succeeds."""
    done = run(*training_command(data, folder, *flags), cwd=folder.parent)
    assert done.status == 0, f"{done.stdout[-2000:]}\n{done.stderr}"
    return done


def train_on_two_ranks(data: Path, folder: Path, *flags: str) -> Run:
    """The same on two CPU ranks, as documented; `--standalone` finds a free port."""
    ranks = ["--distributed-backend", "gloo", "--ddp-backend", "legacy_ddp"]
    torchrun = [script("torchrun"), "--standalone", "--nproc_per_node", "2"]
    done = run(*torchrun, *training_command(data, folder, *ranks, *flags), cwd=folder.parent)
    assert done.status == 0, f"{done.stdout[-2000:]}\n{done.stderr}"
    return done


def read_weights_only(path: Path) -> dict[str, Any]:
    """Load a checkpoint with torch's safety on, whatever the default."""
    register()  # allows a plain fairseq model's flags, an argparse.Namespace, and nothing else
    state = torch.load(path, map_location="cpu", weights_only=True)
    assert isinstance(state, dict)
    return state
