"""Time of all exits beside that of their products alone, in one run.

    python benchmarks/exit_steps.py

Exits of RoBERTa-base's depth and width (12 x 768, two classes, random weights), scripted, one
layer after another for hidden states that are there already: for each layer its memory and its
logits. Beside them the very same products, with the inputs that they had in that pass, and nothing
else. Wanted for exits that cannot be folded: at most 1.3 times the products' own time.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from machine import describe_torch
from torch import Tensor, nn

from pf_fairseq.files import write_text
from pf_fairseq.modules.exits import ExitOptions, PastFutureExits
from pf_fairseq.modules.layout import Layout, padded_layout
from pf_fairseq.modules.steps import ExitSteps
from pf_fairseq.modules.steps.past_future import past_future_steps
from pf_fairseq.runtime.executor import use_simple_executor

ROOT = Path(__file__).parent.parent
N_LAYERS, WIDTH, N_CLASSES, N_TOKENS, PAD_ID = 12, 768, 2, 32, 1
WANTED_RATIO = 1.3
KINDS = {
    "folded": ExitOptions(),
    "concat, tanh": ExitOptions(learner_activation="tanh"),
    "max, tanh": ExitOptions(incorporation="max", learner_activation="tanh"),
    "attn": ExitOptions(incorporation="attn"),
    "lstm": ExitOptions(incorporation="lstm"),
}
FOLDED = "folded"  # too little work for a ratio to its products to say anything


class AllSteps(nn.Module):
    """Every exit asked, one layer after another, as the loop of the runtime does."""

    def __init__(self, exits: ExitSteps) -> None:
        super().__init__()
        self.exits = exits

    def forward(self, hidden: list[Tensor], layout: Layout) -> Tensor:
        """Logits `(B, L, C)` of the hidden states of each layer, `(B, T, H)` each."""
        memory = self.exits.begin(hidden[0].size(0))
        found: list[Tensor] = []
        for number, step in enumerate(self.exits.steps):
            memory = step.observe(memory, hidden[number], layout)  # type: ignore[operator]
            logits, _ = step.classify(memory, hidden[number], layout)  # type: ignore[operator]
            found.append(logits)
        return torch.stack(found, dim=1)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=100, help="timed passes of each")
    parser.add_argument("--batch", type=int, default=1, help="sentences of a batch")
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument(
        "--output", type=Path, help="JSON file; default: benchmarks/results/exit_steps[_gpu].json"
    )
    return parser.parse_args()


def record_products(steps: AllSteps, hidden: list[Tensor], layout: Layout) -> Callable[[], None]:
    """Give a function that does the products of a pass again, and nothing else."""
    calls: list[tuple[nn.Linear, Tensor]] = []

    def remember(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        assert isinstance(module, nn.Linear)
        calls.append((module, inputs[0].contiguous()))

    linears = [module for module in steps.modules() if isinstance(module, nn.Linear)]
    handles = [module.register_forward_hook(remember) for module in linears]
    steps(hidden, layout)
    for handle in handles:
        handle.remove()
    products = [(module.weight, module.bias, given) for module, given in calls]

    def repeat() -> None:
        for weight, bias, given in products:
            nn.functional.linear(given, weight, bias)

    return repeat


def time_call(call: Callable[[], Any], device: str) -> float:
    """Milliseconds of one call."""
    start = time.perf_counter()
    call()
    if device == "cuda":
        torch.cuda.synchronize()
    return 1000 * (time.perf_counter() - start)


def measure(options: ExitOptions, args: argparse.Namespace) -> dict[str, list[float]]:
    """Time exits and products in turns, after five passes to warm up."""
    torch.manual_seed(0)
    device = torch.device(args.device)
    exits = PastFutureExits(WIDTH, N_LAYERS, N_CLASSES, options).to(device).requires_grad_(False)
    steps = AllSteps(past_future_steps(exits)).eval()
    hidden = [torch.randn(args.batch, N_TOKENS, WIDTH, device=device) for _ in range(N_LAYERS)]
    layout = padded_layout(torch.full([args.batch, N_TOKENS], 7, device=device), PAD_ID)
    products = record_products(steps, hidden, layout)
    scripted = torch.jit.script(steps)
    times: dict[str, list[float]] = {"exits": [], "products": []}
    for number in range(-5, args.repeats):
        elapsed = {
            "exits": time_call(lambda: scripted(hidden, layout), args.device),
            "products": time_call(products, args.device),
        }
        if number >= 0:
            for name, milliseconds in elapsed.items():
                times[name].append(milliseconds)
    return times


def rows_of(kind: str, times: dict[str, list[float]], args: argparse.Namespace) -> list[Any]:
    """Rows in the form of the project's result files."""
    return [
        {
            "system": f"{name}: {kind}",
            "model": f"{N_LAYERS} x {WIDTH}, exits alone",
            "dtype": "float32",
            "batch": args.batch,
            "tokens": N_TOKENS,
            "exits": "full",
            "ms_median": statistics.median(passes),
            "ms_min": min(passes),
            "repeats": len(passes),
        }
        for name, passes in times.items()
    ]


def main() -> None:
    """Measure every kind, print a table and write the results."""
    args = parse_arguments()
    use_simple_executor()
    torch.set_num_threads(args.threads)
    rows, ratios = [], []
    print(f"{'exits':14} {'ms':>8} {'products, ms':>13} {'ratio':>6}   (medians)")
    for kind, options in KINDS.items():
        with torch.inference_mode():
            times = measure(options, args)
        rows += rows_of(kind, times, args)
        pairs = zip(times["exits"], times["products"], strict=True)
        ratio = statistics.median(ours / products for ours, products in pairs)
        most = None if kind == FOLDED else WANTED_RATIO
        ratios.append({"name": f"exits / their products: {kind}", "value": ratio, "most": most})
        medians = [statistics.median(passes) for passes in times.values()]
        print(f"{kind:14} {medians[0]:8.2f} {medians[1]:13.2f} {ratio:6.2f}", flush=True)
    name = "exit_steps_gpu.json" if args.device == "cuda" else "exit_steps.json"
    content = {"machine": describe_torch(args.device), "rows": rows, "ratios": ratios}
    output = args.output or ROOT / "benchmarks" / "results" / name
    write_text(output, json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
