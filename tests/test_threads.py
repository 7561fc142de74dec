"""Threads are chosen by functions that say so, and by nothing else."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import pf_fairseq
from pf_fairseq import threads


@pytest.fixture(autouse=True)
def _torch_keeps_its_threads() -> object:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def running(monkeypatch: pytest.MonkeyPatch, cores: int, others: list[float]) -> None:
    looks = iter(others)
    monkeypatch.setattr(threads, "SECONDS_BETWEEN_LOOKS", 0.0)
    monkeypatch.setattr(threads, "available_cores", lambda: cores)
    monkeypatch.setattr(threads, "_running_now", lambda: next(looks))


@pytest.mark.parametrize(
    ("cores", "others", "expected"),
    [
        (2, [0, 0, 0, 0, 0], 2),
        (2, [1, 1, 0, 1, 1], 1),
        (2, [0, 0, 9, 0, 0], 2),  # a moment of others does not count
        (2, [5, 5, 5, 5, 5], 1),
        (8, [3, 3, 3, 3, 3], 5),
        (1, [0, 0, 0, 0, 0], 1),
        (96, [0, 0, 0, 0, 0], threads.MOST_THREADS),
    ],
)
def test_the_free_cores_are_chosen(
    cores: int, others: list[float], expected: int, *, monkeypatch: pytest.MonkeyPatch
) -> None:
    running(monkeypatch, cores, others)
    assert threads.choose_threads() == expected


def test_torch_takes_what_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pf_fairseq.use_threads(3) == 3 and torch.get_num_threads() == 3
    running(monkeypatch, 4, [2, 2, 2, 2, 2])
    assert pf_fairseq.use_threads() == 2 and torch.get_num_threads() == 2


@pytest.mark.parametrize("wrong", [0, -1, 2.0, "2", True])
def test_what_is_no_number_of_threads_is_refused(wrong: object) -> None:
    before = torch.get_num_threads()
    with pytest.raises(ValueError, match=r"`n_threads` must be a whole number from 1 on, but is"):
        pf_fairseq.use_threads(wrong)  # type: ignore[arg-type]
    assert torch.get_num_threads() == before


def test_a_container_may_have_less_than_its_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = threads._container_share
    assert share(tmp_path) is None
    (tmp_path / "cpu").mkdir()
    for quota, expected in (("150000", 1.5), ("-1", None)):
        (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(f"{quota}\n")
        (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
        assert share(tmp_path) == expected
    for limit, expected in (("max 100000\n", None), ("250000 100000\n", 2.5)):
        (tmp_path / "cpu.max").write_text(limit)
        assert share(tmp_path) == expected
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    for limited, expected in ((2.5, 2), (0.5, 1), (None, 8), (64.0, 8)):
        monkeypatch.setattr(threads, "_container_share", lambda limited=limited: limited)
        assert threads.available_cores() == expected


def test_what_runs_is_read_or_guessed(tmp_path: Path) -> None:
    (tmp_path / "loadavg").write_text("0.10 0.20 0.30 4/512 999\n")
    assert threads._running_now(tmp_path / "loadavg") == 3
    assert threads._running_now(tmp_path / "nowhere") == os.getloadavg()[0]


Run = Callable[..., list[str]]


@pytest.fixture
def program() -> Run:
    """Runs Python code in a process of its own and gives its words."""

    def run(code: str, **environment: str) -> list[str]:
        inherited = {
            name: value for name, value in os.environ.items() if name[:4] not in ("OMP_", "MKL_")
        }
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**inherited, **environment},
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
        return done.stdout.split()

    return run


CHOOSE = "from pf_fairseq import threads; threads.choose_threads = lambda: 1\n"
CHOOSE += "threads.prepare_program()\n"
TELL = "import os, torch; print(torch.get_num_threads(), os.environ.get('OMP_WAIT_POLICY'))"


def test_a_program_chooses_before_torch_is_there(program: Run) -> None:
    assert program(CHOOSE + TELL) == ["1", "passive"]


def test_the_environment_has_the_last_word(program: Run) -> None:
    tell = "import os, torch; print(os.environ['OMP_NUM_THREADS'], os.environ['OMP_WAIT_POLICY'])"
    found = program(CHOOSE + tell, OMP_NUM_THREADS="3", OMP_WAIT_POLICY="active")
    assert found == ["3", "active"]


def test_a_host_that_has_torch_already_keeps_its_setting(program: Run) -> None:
    own = "import torch; torch.set_num_threads(1)\n"
    assert program(own + CHOOSE.replace("1", "2") + TELL) == ["1", "None"]


def test_a_command_chooses_and_the_library_does_not(program: Run) -> None:
    command = (
        "from pf_fairseq import threads; threads.choose_threads = lambda: 1\n"
        "from pf_fairseq.cli.program import Parser, run_program\n"
        f"run_program(Parser(), lambda args: exec({TELL!r}), [])"
    )
    assert program(command) == ["1", "passive"]
    library = "import torch; torch.set_num_threads(1); from pf_fairseq import EarlyExitClassifier;"
    assert program(library + TELL) == ["1", "None"]
