"""Add what `pf-fairseq evaluate` found to a file of results, one JSON object a line."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from pf_fairseq.cli.program import Parser, run_program
from pf_fairseq.files import write_text

KEY = ("task", "variant", "seed", "encoder")  # a cell stands in the file once
METRICS = ("mcc", "f1")  # beside accuracy, where the task has them


def build_parser() -> Parser:
    """Build the parser of the flags."""
    parser = Parser(prog="record.py", description=(__doc__ or "").strip())
    parser.add_argument("--results", type=Path, required=True, help="the file, *.jsonl")
    parser.add_argument("--task", required=True)
    parser.add_argument("--variant", required=True, help="name of the cell")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--encoder", required=True, help="name of the pretrained encoder")
    parser.add_argument(
        "--has", action="store_true", help="only tell, by the exit status, whether it is there"
    )
    parser.add_argument("--n-train", type=int, help="sentences that it was trained on")
    parser.add_argument("--report", type=Path, help="report.json of the evaluation")
    parser.add_argument("--command", help="what produced it")
    parser.add_argument("--flags", help="flags of fairseq-train that make the variant")
    return parser


def run(args: argparse.Namespace) -> None:
    """Look the cell up, or write it, in place of an earlier one."""
    lines = args.results.read_text("utf-8").splitlines() if args.results.is_file() else []
    others = [line for line in lines if not _is_cell(args, json.loads(line))]
    if args.has:
        sys.exit(len(others) == len(lines))
    report = json.loads(args.report.read_text("utf-8"))
    row = json.dumps(cell(args, report))
    write_text(args.results, "".join(f"{line}\n" for line in [*others, row]))
    print(row)


def _is_cell(args: argparse.Namespace, row: dict[str, Any]) -> bool:
    return all(row[name] == getattr(args, name) for name in KEY)


def cell(args: argparse.Namespace, report: dict[str, Any]) -> dict[str, Any]:
    """Make the line: scores are accuracies, in [0, 1]."""
    points = [
        {
            "target_speedup": point["target_speedup"],
            "speedup": point["speedup"],
            "score": point["accuracy"],
            **{name: point[name] for name in METRICS if name in point},
        }
        for point in report["operating_points"]
    ]
    return {
        "task": args.task,
        "method": "plain" if args.variant.startswith("plain") else "past_future",
        "variant": args.variant,
        "seed": args.seed,
        "encoder": args.encoder,
        "n_train": args.n_train,
        "n_eval": report["n_examples"],
        "metric": "accuracy",
        "full_depth": report["exit_accuracy"][-1],
        "exit_accuracy": report["exit_accuracy"],
        "points": points,
        "command": args.command,
        "flags": args.flags,
    }


if __name__ == "__main__":
    sys.exit(run_program(build_parser(), run))
