"""Cost of a training step with exits against fairseq's own, in one run.

    python benchmarks/training_step.py

Both are RoBERTa of base shape (12 x 768, 50265 symbols, random weights) under fairseq's own
trainer: `past_future_roberta` with the criterion `past_future`, and `roberta` with
`sentence_prediction`. A step is forward, loss, backward, gradient norm and Adam, in fp32. The two
take turns, so that whatever else the machine does hits both. Wanted: a ratio of at most 1.10.
"""

import argparse
import json
import logging
import statistics
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import torch
from fairseq import options, tasks
from fairseq.dataclass.utils import convert_namespace_to_omegaconf
from fairseq.trainer import Trainer
from machine import describe_torch

from pf_fairseq.files import write_text

ROOT = Path(__file__).parent.parent
N_SYMBOLS = 50265 - 5  # four special symbols in front, <mask> behind
WANTED_RATIO = 1.10

OURS, THEIRS = "past_future", "fairseq"
MODELS = {
    OURS: ["--arch", "past_future_roberta_base", "--criterion", "past_future"],
    THEIRS: ["--arch", "roberta_base", "--criterion", "sentence_prediction"],
}
COMMON = [
    *("--user-dir", str(ROOT / "user_dir"), "--task", "sentence_prediction"),
    *("--num-classes", "2", "--init-token", "0", "--max-positions", "512"),
    *("--optimizer", "adam", "--lr", "1e-5", "--weight-decay", "0.1", "--seed", "1"),
]


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15, help="timed steps of each model")
    parser.add_argument("--batch", type=int, default=16, help="sentences of a batch")
    parser.add_argument("--tokens", type=int, default=64, help="tokens of a sentence")
    parser.add_argument("--threads", type=int, help="of torch; default: its own choice")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument(
        "--output",
        type=Path,
        help="JSON file; default: benchmarks/results/training_step[_gpu].json",
    )
    return parser.parse_args()


def write_dictionaries(folder: Path) -> None:
    """Write the dictionaries that the task reads; there is no other data."""
    symbols = {"input0": map(str, range(N_SYMBOLS)), "label": ("0", "1")}
    for name, words in symbols.items():
        (folder / name).mkdir()
        lines = "".join(f"{word} 1\n" for word in words)
        (folder / name / "dict.txt").write_text(lines, encoding="utf-8")


def build_trainer(data: Path, name: str, args: argparse.Namespace) -> Trainer:
    """fairseq's trainer with the model and criterion `name`, as `fairseq-train` makes it."""
    command = [str(data), *COMMON, *MODELS[name], "--batch-size", str(args.batch)]
    if args.device == "cpu":
        command.append("--cpu")
    parser = options.get_training_parser()
    cfg = convert_namespace_to_omegaconf(options.parse_args_and_arch(parser, command))
    torch.manual_seed(cfg.common.seed)
    task = tasks.setup_task(cfg.task)
    trainer = Trainer(cfg, task, task.build_model(cfg.model), task.build_criterion(cfg.criterion))
    trainer.lr_step_update()
    return trainer


def make_sample(n_sentences: int, n_tokens: int) -> dict[str, Any]:
    """A batch of random sentences of equal length, as the task gives it."""
    tokens = torch.randint(4, N_SYMBOLS, (n_sentences, n_tokens))
    tokens[:, 0], tokens[:, -1] = 0, 2
    return {
        "id": torch.arange(n_sentences),
        "net_input": {
            "src_tokens": tokens,
            "src_lengths": torch.full((n_sentences,), n_tokens),
        },
        "nsentences": n_sentences,
        "ntokens": tokens.numel(),
        "target": torch.arange(n_sentences).remainder(2).unsqueeze(1),
    }


def time_step(trainer: Trainer, sample: dict[str, Any]) -> float:
    """Milliseconds of one step."""
    start = time.perf_counter()
    trainer.train_step([sample])
    if trainer.cuda:
        torch.cuda.synchronize()
    return 1000 * (time.perf_counter() - start)


def measure(args: argparse.Namespace) -> dict[str, list[float]]:
    """Time both models in turns, after two steps to warm up."""
    times: dict[str, list[float]] = {name: [] for name in MODELS}
    with tempfile.TemporaryDirectory() as folder:
        write_dictionaries(Path(folder))
        trainers = {name: build_trainer(Path(folder), name, args) for name in MODELS}
    sample = make_sample(args.batch, args.tokens)
    for number in range(-2, args.repeats):
        for name, trainer in trainers.items():
            elapsed = time_step(trainer, sample)
            if number >= 0:
                times[name].append(elapsed)
        if number >= 0:
            print(f"{number + 1}/{args.repeats}", *(f"{t[-1]:.0f} ms" for t in times.values()))
    return times


def report(times: dict[str, list[float]], args: argparse.Namespace) -> dict[str, Any]:
    """Rows and ratios in the form of the project's result files."""
    rows = [
        {
            "system": name,
            "model": "roberta_base, training step",
            "dtype": "float32",
            "batch": args.batch,
            "tokens": args.tokens,
            "exits": "full",
            "ms_median": statistics.median(steps),
            "ms_min": min(steps),
            "repeats": len(steps),
        }
        for name, steps in times.items()
    ]
    # Of neighbouring steps, not of the medians: a machine that is slow for a while is so for both.
    pairs = zip(times[OURS], times[THEIRS], strict=True)
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    ratios = [{"name": f"training step: {OURS} / {THEIRS}", "value": ratio, "most": WANTED_RATIO}]
    return {"machine": describe_torch(args.device), "rows": rows, "ratios": ratios}


def main() -> None:
    """Measure, print a table and write the results."""
    args = parse_arguments()
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")  # fairseq's calls of deprecated functions
    if args.threads:
        torch.set_num_threads(args.threads)
    results = report(measure(args), args)
    print(f"\n{'system':14} {'median ms':>10} {'min ms':>10} {'repeats':>8}")
    for row in results["rows"]:
        numbers = f"{row['ms_median']:10.1f} {row['ms_min']:10.1f} {row['repeats']:8}"
        print(f"{row['system']:14} {numbers}")
    print(f"\nmedian ratio, turn by turn: {results['ratios'][0]['value']:.3f}", end="")
    print(f" (wanted: at most {WANTED_RATIO:.2f})")
    name = "training_step_gpu.json" if args.device == "cuda" else "training_step.json"
    output = args.output or ROOT / "benchmarks" / "results" / name
    write_text(output, json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
