"""User dirs for tests: the real one, and something that watches or breaks the training."""

from pathlib import Path

_REGISTER = """
from pf_fairseq.registration import register
register()
"""

_AFTER_EACH_UPDATE = """
from fairseq.trainer import Trainer
_train_step = Trainer.train_step

def train_step(self, samples, raise_oom=False):
    output = _train_step(self, samples, raise_oom)
    after_update(self)
    return output

Trainer.train_step = train_step
"""

_KILL = """
import os, signal

def after_update(trainer):
    if trainer.get_num_updates() == {update}:
        os.kill(os.getpid(), signal.SIGKILL)
"""

_RECORD = """
import torch
from pathlib import Path

def after_update(trainer):
    names = dict(trainer.get_model().named_parameters())
    path = Path({folder!r}) / f"rank{{trainer.data_parallel_rank}}_{{trainer.get_num_updates()}}.pt"
    torch.save({{name: p.detach().clone() for name, p in names.items()}}, path)
"""


def _write(folder: Path, *parts: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("".join(parts), encoding="utf-8")
    return folder


def killing_user_dir(folder: Path, update: int) -> Path:
    """The process is killed by SIGKILL right after this update, before anything is saved."""
    return _write(folder, _REGISTER, _KILL.format(update=update), _AFTER_EACH_UPDATE)


def recording_user_dir(folder: Path, records: Path) -> Path:
    """Every rank writes its parameters after every update: `rank0_1.pt`, ..."""
    records.mkdir(parents=True)
    return _write(folder, _REGISTER, _RECORD.format(folder=str(records)), _AFTER_EACH_UPDATE)
