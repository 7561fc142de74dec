"""Killed between two updates, and resumed to what an uninterrupted run does, bit for bit."""

import signal
from pathlib import Path

import torch

from tests.fairseq.commands import read_weights_only, run, train, training_command
from tests.fairseq.user_dirs import killing_user_dir

# 13 updates make an epoch. The last save before the kill, at 20, is in the middle of the second.
N_UPDATES, SAVED_EVERY, LAST_SAVED, KILLED_AT = 28, 4, 20, 22
FLAGS = ["--max-update", str(N_UPDATES), "--save-interval-updates", str(SAVED_EVERY)]
SCHEDULE = ["--lr-scheduler", "polynomial_decay", "--warmup-updates", "6"]
FREEZING = ["--frozen-layers", "2", "--freeze-schedule", "step"]


def test_resumes_to_the_same_losses(tiny_data: Path, tmp_path: Path) -> None:
    flags = [*FLAGS, *SCHEDULE, "--total-num-update", str(N_UPDATES), *FREEZING]
    whole = train(tiny_data, tmp_path / "whole", *flags)
    assert list(whole.losses) == list(range(1, N_UPDATES + 1))

    folder = tmp_path / "killed"
    kill = [
        "--user-dir",
        str(killing_user_dir(tmp_path / "killing" / "killing_user_dir", KILLED_AT)),
    ]
    killed = run(*training_command(tiny_data, folder, *flags, *kill), cwd=tmp_path)
    assert killed.status == -signal.SIGKILL
    assert not (folder / f"checkpoint_2_{KILLED_AT}.pt").exists()
    saved = read_weights_only(folder / "checkpoint_last.pt")
    assert saved["optimizer_history"][-1]["num_updates"] == LAST_SAVED

    resumed = train(tiny_data, folder, *flags)
    expected = {update: loss for update, loss in whole.losses.items() if update > LAST_SAVED}
    assert resumed.losses == expected
    ours = read_weights_only(folder / "checkpoint_last.pt")["model"]
    theirs = read_weights_only(tmp_path / "whole" / "checkpoint_last.pt")["model"]
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
