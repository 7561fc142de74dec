"""Two CPU ranks by torchrun against one rank that accumulates two batches."""

import re
from pathlib import Path

import pytest
import torch
from fairseq.dataclass.configs import DistributedTrainingConfig

from pf_fairseq.cpu_ranks import connect_ranks
from tests.fairseq.commands import read_weights_only, train, train_on_two_ranks

N_UPDATES = 9  # 13 batches an epoch: the seventh update has a batch on one rank alone
NO_DROPOUT = ["--dropout", "0", "--attention-dropout", "0"]


def test_two_ranks_train_as_one_with_two_batches(tiny_data: Path, tmp_path: Path) -> None:
    flags = [*NO_DROPOUT, "--max-update", str(N_UPDATES)]
    one = train(tiny_data, tmp_path / "one", *flags, "--update-freq", "2")
    two = train_on_two_ranks(tiny_data, tmp_path / "two", *flags)

    assert list(one.losses) == list(range(1, N_UPDATES + 1))
    assert two.losses.keys() == one.losses.keys()
    for update, losses in one.losses.items():  # logged with four digits
        assert two.losses[update] == pytest.approx(losses, abs=1.01e-4), update
    assert len(one.logged("valid")) == len(two.logged("valid")) == 2
    for ours, theirs in zip(two.logged("valid"), one.logged("valid"), strict=True):
        names = [name for name in theirs if "accuracy" in name]
        assert len(names) >= 7
        assert {name: ours[name] for name in names} == {name: theirs[name] for name in names}
    ours, theirs = (
        read_weights_only(tmp_path / name / "checkpoint_last.pt")["model"]
        for name in ("two", "one")
    )
    for name, tensor in theirs.items():  # sums in another order, amplified by Adam
        torch.testing.assert_close(ours[name], tensor, atol=2e-4, rtol=1e-3)


def _torchrun(monkeypatch: pytest.MonkeyPatch, rank: int) -> None:
    for name, value in {"WORLD_SIZE": "2", "RANK": str(rank), "LOCAL_RANK": str(rank)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MASTER_ADDR", "localhost")
    monkeypatch.setenv("MASTER_PORT", "1")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)


def test_gloo_takes_the_ranks_of_torchrun(monkeypatch: pytest.MonkeyPatch) -> None:
    _torchrun(monkeypatch, rank=1)
    cfg = DistributedTrainingConfig(distributed_backend="gloo", distributed_world_size=1)
    connect_ranks(cfg)
    assert (cfg.distributed_world_size, cfg.distributed_rank, cfg.device_id) == (2, 1, 0)
    assert cfg.distributed_init_method == "env://" and cfg.distributed_no_spawn


def test_ranks_that_lack_a_gpu_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    _torchrun(monkeypatch, rank=0)
    cfg = DistributedTrainingConfig(distributed_backend="nccl", distributed_world_size=1)
    message = (
        "past_future: torchrun started 2 processes, but there is no GPU for the backend `nccl`"
    )
    with pytest.raises(SystemExit, match=re.escape(message)):
        connect_ranks(cfg)


def test_without_torchrun_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    cfg = DistributedTrainingConfig(distributed_backend="gloo", distributed_world_size=1)
    connect_ranks(cfg)
    assert cfg == DistributedTrainingConfig(distributed_backend="gloo", distributed_world_size=1)
