"""Two CPU ranks by torchrun against one rank that accumulates two batches."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from pf_fairseq.models.freezing import draw_frozen_layers
from tests.fairseq.commands import Run, read_weights_only, run, script, train, training_command
from tests.fairseq.user_dirs import recording_user_dir

N_UPDATES = 9  # 13 batches an epoch: the seventh update has a batch on one rank alone
NO_DROPOUT = ["--dropout", "0", "--attention-dropout", "0"]
RANKS = ["--distributed-backend", "gloo", "--ddp-backend", "legacy_ddp"]


def train_on_two_ranks(data: Path, folder: Path, *flags: str) -> Run:
    """The command of the documentation; `--standalone` finds a free port."""
    command = training_command(data, folder, *RANKS, *flags)
    torchrun = [script("torchrun"), "--standalone", "--nproc_per_node", "2"]
    done = run(*torchrun, *command, cwd=folder.parent)
    assert done.status == 0, f"{done.stdout[-2000:]}\n{done.stderr}"
    return done


def test_two_ranks_train_as_one_with_two_batches(tiny_data: Path, tmp_path: Path) -> None:
    flags = [*NO_DROPOUT, "--max-update", str(N_UPDATES)]
    one = train(tiny_data, tmp_path / "one", *flags, "--update-freq", "2")
    two = train_on_two_ranks(tiny_data, tmp_path / "two", *flags)

    assert two.losses.keys() == one.losses.keys()
    for update, losses in one.losses.items():  # logged with four digits
        assert two.losses[update] == pytest.approx(losses, abs=1.01e-4), update
    assert len(one.logged("valid")) == len(two.logged("valid")) == 2
    for ours, theirs in zip(two.logged("valid"), one.logged("valid"), strict=True):
        names = [name for name in theirs if "accuracy" in name]
        assert len(names) >= 7
        assert {name: ours[name] for name in names} == {name: theirs[name] for name in names}
    ours, theirs = (
        read_weights_only(tmp_path / name / "checkpoint_last.pt")["model"] for name in ("two", "one")
    )
    for name, tensor in theirs.items():  # sums in another order, amplified by Adam
        torch.testing.assert_close(ours[name], tensor, atol=2e-4, rtol=1e-3)


def test_frozen_layers_stay_as_they_are_on_both_ranks(tiny_data: Path, tmp_path: Path) -> None:
    records = tmp_path / "records"
    spy = ["--user-dir", str(recording_user_dir(tmp_path / "recording_user_dir", records))]
    flags = [*NO_DROPOUT, "--weight-decay", "0.1", "--max-update", str(N_UPDATES)]
    freezing = ["--frozen-layers", "3", "--freeze-schedule", "depth", "--seed", "1"]
    train_on_two_ranks(tiny_data, tmp_path / "two", *flags, *freezing, *spy)
    check_frozen(records, ranks=2)


def check_frozen(records: Path, *, ranks: int) -> None:
    """Compare each update with the draw: a frozen layer keeps its bits, the others move."""
    drawn = set()
    for update in range(2, N_UPDATES + 1):
        frozen = draw_frozen_layers(
            3, schedule="depth", update=update - 1, max_update=N_UPDATES, seed=1
        )
        drawn.add(frozen)
        moved = [moved_layers(records, rank, update) for rank in range(ranks)]
        assert moved == [{1, 2, 3, 4} - frozen] * ranks
    assert drawn == {frozenset({1}), frozenset({1, 2})}  # both happened, with Adam's state there


def moved_layers(records: Path, rank: int, update: int) -> set[int]:
    """Layers of which every parameter changed; fails if only some of a layer's did."""
    before, after = (
        torch.load(records / f"rank{rank}_{number}.pt", weights_only=True)
        for number in (update - 1, update)
    )
    return {layer for layer in range(1, 5) if _has_moved(layer, before, after)}


def _has_moved(layer: int, before: dict[str, Tensor], after: dict[str, Tensor]) -> bool:
    prefix = f"encoder.sentence_encoder.layers.{layer - 1}."
    names = [name for name in before if name.startswith(prefix)]
    assert len(names) == 16
    equal = [name for name in names if torch.equal(before[name], after[name])]
    # softmax ignores the bias of the keys: its gradient is nothing but rounding
    assert len(equal) == 16 or set(equal) <= {prefix + "self_attn.k_proj.bias"}, equal
    return len(equal) < 16
