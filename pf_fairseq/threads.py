"""Threads to compute with: a setting of the process, made by functions that say so.

torch takes as many threads as the machine has cores, and they wait for one another by spinning.
Beside another busy process that goes wrong: a thread that has lost its core lets all others spin
until it gets it back, at every product, and work takes ten times as long and more.

The library changes nothing by itself. A program calls `use_threads()` once, when it starts; our own
commands do the like (`prepare_program`). docs/threads.md has the figures.
"""

import os
import statistics
import sys
import time
from pathlib import Path

LOOKS, SECONDS_BETWEEN_LOOKS = 5, 0.01
MOST_THREADS = 16  # small models: more threads wait for one another longer than they compute


def available_cores() -> int:
    """Cores that this process may run on: by its affinity, and by its container's share."""
    if hasattr(os, "sched_getaffinity"):
        n_cores = len(os.sched_getaffinity(0))
    else:
        n_cores = os.cpu_count() or 1
    share = _container_share()
    return n_cores if share is None else max(1, min(n_cores, int(share)))


def choose_threads() -> int:
    """Choose a number for this moment: the available cores that nobody else uses, at least 1.

    It looks for about 50 ms at what runs on the machine.
    """
    free = available_cores() - round(_others_running())
    return max(1, min(free, MOST_THREADS))


def use_threads(n_threads: int | None = None) -> int:
    """Let torch compute with `n_threads` threads in this whole process.

    Args:
        n_threads: at least 1; none: `choose_threads()`.

    Returns:
        the number that is now in force.

    Raises:
        ValueError: if `n_threads` is no number of threads.
    """
    import torch

    if n_threads is not None and (type(n_threads) is not int or n_threads < 1):
        raise ValueError(
            f"`n_threads` must be a whole number from 1 on, but is {n_threads!r} instead; leave it "
            "out to let the free cores decide."
        )
    chosen = choose_threads() if n_threads is None else n_threads
    torch.set_num_threads(chosen)
    return chosen


def prepare_program() -> None:
    """Choose for a program of its own, before it imports torch; what the environment says stays.

    `OMP_NUM_THREADS` becomes the number chosen, and `OMP_WAIT_POLICY` lets waiting threads sleep.
    Both are read when torch is imported, so that nothing changes where it has been already.
    """
    if "torch" in sys.modules:
        return
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    if not {"OMP_NUM_THREADS", "MKL_NUM_THREADS"} & set(os.environ):
        os.environ["OMP_NUM_THREADS"] = str(choose_threads())


def _others_running() -> float:
    """How many threads of others run or wait for a core: the median of a few looks."""
    looks = []
    for look in range(LOOKS):
        if look:
            time.sleep(SECONDS_BETWEEN_LOOKS)
        looks.append(_running_now())
    return statistics.median(looks)


def _running_now(path: Path = Path("/proc/loadavg")) -> float:
    try:
        running = path.read_text(encoding="ascii").split()[3].partition("/")[0]
        return max(0, int(running) - 1)  # less this one
    except (OSError, ValueError, IndexError):  # no Linux: the mean of the last minute
        return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def _container_share(root: Path = Path("/sys/fs/cgroup")) -> float | None:
    """Cores that the control group pays for, in version 2 or 1; none: no limit."""
    try:
        if (root / "cpu.max").is_file():
            quota, period = (root / "cpu.max").read_text(encoding="ascii").split()
        else:
            names = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
            quota, period = ((root / "cpu" / name).read_text(encoding="ascii") for name in names)
        share = float(quota) / float(period)  # "max" is no number
    except (OSError, ValueError, ZeroDivisionError):
        return None
    return share if share > 0 else None
