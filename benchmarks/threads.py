"""How many threads should a program compute with, alone and beside a busy neighbour?

    python benchmarks/threads.py

The scripted early-exit runtime of MiniLM's shape (6 x 384, random weights) at full depth, in a
process of its own for each setting: numbers of threads, with waiting threads that spin (OpenMP's
default) or sleep (`OMP_WAIT_POLICY=passive`), and what our own programs choose. Each on the machine
as it is, and beside neighbours that compute without pause. Run it on a quiet machine.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from machine import describe_machine

from pf_fairseq.files import write_text
from pf_fairseq.threads import available_cores, prepare_program

ROOT = Path(__file__).parent.parent
BATCHES = (1, 32)
N_TOKENS, VOCAB_SIZE = 32, 30522
MOST_REPEATS, FEWEST_REPEATS = 200, 3
CHOSEN = "chosen"


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--neighbours", type=int, default=1, help="busy processes beside it")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="cuda: nothing")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks/results/threads.json")
    parser.add_argument("--measure", metavar="SETTING", help=argparse.SUPPRESS)  # a child process
    return parser.parse_args()


def settings() -> dict[str, dict[str, str]]:
    """The environment of each setting, by its name."""
    found: dict[str, dict[str, str]] = {"torch's own": {}, CHOSEN: {}}
    for number in sorted({1, max(1, available_cores() // 2), available_cores()}):
        for word, policy in (("spin", "active"), ("sleep", "passive")):
            if number > 1 or word == "sleep":  # one thread waits for nobody
                environment = {"OMP_NUM_THREADS": str(number), "OMP_WAIT_POLICY": policy}
                found[f"{number} {word}" if number > 1 else "1"] = environment
    return found


def measure_here(setting: str, seconds: float) -> dict[str, Any]:
    """Time batches in this process; `chosen` chooses before torch is imported."""
    if setting == CHOSEN:
        prepare_program()
    import torch

    module = build_module()
    never = torch.tensor(0.0)
    times: dict[int, list[float]] = {}
    for batch in BATCHES:
        tokens = torch.randint(4, VOCAB_SIZE, (batch, N_TOKENS))
        for _ in range(2):
            module(tokens, never)
        repeats = times[batch] = []
        end = time.monotonic() + seconds
        while len(repeats) < FEWEST_REPEATS or (
            len(repeats) < MOST_REPEATS and time.monotonic() < end
        ):
            start = time.perf_counter()
            module(tokens, never)
            repeats.append(1000 * (time.perf_counter() - start))
    return {"threads": torch.get_num_threads(), "times": times}


def build_module() -> Any:
    """The scripted runtime, with random weights."""
    import torch

    from pf_fairseq.backbones.roberta import RobertaEncoder
    from pf_fairseq.backbones.shape import EncoderShape
    from pf_fairseq.modules.exits import ExitOptions, PastFutureExits
    from pf_fairseq.modules.steps.past_future import past_future_steps
    from pf_fairseq.runtime.early_exit import EarlyExitRuntime
    from pf_fairseq.runtime.executor import use_simple_executor

    use_simple_executor()
    torch.manual_seed(0)
    n_layers, width = 6, 384
    shape = EncoderShape(n_layers, width, 4 * width, 12, VOCAB_SIZE, 512, 1)
    exits = PastFutureExits(width, n_layers, 2, ExitOptions())
    runtime = EarlyExitRuntime(
        RobertaEncoder(shape),
        past_future_steps(exits),
        vocab_size=VOCAB_SIZE,
        max_positions=512,
    )
    return torch.jit.script(runtime.eval().requires_grad_(False))


@contextmanager
def neighbours(n_processes: int) -> Iterator[None]:
    """Processes that compute without pause while the block runs."""
    command = [sys.executable, "-c", "while True: pass"]
    busy = [subprocess.Popen(command) for _ in range(n_processes)]
    try:
        time.sleep(0.5 if busy else 0.0)
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def measure(
    setting: str, environment: dict[str, str], n_neighbours: int, seconds: float
) -> list[dict[str, Any]]:
    """Rows of one setting, in the form of the project's result files."""
    inherited = {
        name: value for name, value in os.environ.items() if name[:4] not in ("OMP_", "MKL_")
    }
    command = [sys.executable, __file__, "--measure", setting, "--seconds", str(seconds)]
    with neighbours(n_neighbours):
        done = subprocess.run(
            command, env={**inherited, **environment}, stdout=subprocess.PIPE, check=True
        )
    found = json.loads(done.stdout)
    return [
        {
            "system": setting,
            "model": "6 x 384, scripted",
            "dtype": "float32",
            "batch": int(batch),
            "tokens": N_TOKENS,
            "exits": "full",
            "neighbours": n_neighbours,
            "threads": found["threads"],
            "ms_median": statistics.median(times),
            "ms_min": min(times),
            "repeats": len(times),
        }
        for batch, times in found["times"].items()
    ]


def main() -> None:
    """Measure every setting, print a table and write the results."""
    args = parse_arguments()
    if args.measure:
        print(json.dumps(measure_here(args.measure, args.seconds)))
        return
    if args.device == "cuda":
        print("benchmarks/threads.py: on a GPU the CPU's threads do not matter; nothing measured.")
        return
    machine, rows = describe_machine(), []
    heads = "".join(f"  batch {batch:>2}, ms" for batch in BATCHES)
    print(f"{'setting':12} {'neighbours':>10} {'threads':>7}{heads}   (medians)")
    for n_neighbours in (0, args.neighbours):
        for setting, environment in settings().items():
            found = measure(setting, environment, n_neighbours, args.seconds)
            rows += found
            medians = "".join(f"{row['ms_median']:14.1f}" for row in found)
            print(f"{setting:12} {n_neighbours:10} {found[0]['threads']:7}{medians}", flush=True)
    write_text(
        args.output, json.dumps({"machine": machine, "rows": rows, "ratios": []}, indent=2) + "\n"
    )


if __name__ == "__main__":
    main()
