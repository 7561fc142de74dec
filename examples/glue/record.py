"""Add what `pf-fairseq evaluate` found to a file of results, one JSON object a line."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from pf_fairseq.cli.program import Parser, run_program
from pf_fairseq.errors import InputError
from pf_fairseq.files import write_text

KEY = ("task", "variant", "seed", "encoder")  # a cell stands in the file once
METRICS = ("accuracy", "f1", "mcc")  # those that `evaluate` reports, where the task has them
PLAIN = "plain"  # what the variants are called that were trained at full depth alone


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
    parser.add_argument(
        "--metric",
        choices=METRICS,
        help="what `score` and `full_depth` are (default: mcc for CoLA, else accuracy)",
    )
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
    """Make the line: scores are those of `metric`, the other metrics stand beside them.

    Of a plain model only full depth is told: its other exits were never trained.
    """
    metric = args.metric or ("mcc" if args.task == "CoLA" else "accuracy")
    plain = args.variant.startswith(PLAIN)
    reported = report["operating_points"]
    points = [_point(each, metric) for each in reported if not plain or _is_full(each)]
    [full_depth] = [point["score"] for point in points if _is_full(point)][:1] or [None]
    if full_depth is None:
        raise InputError(
            f"`{args.report}` has no {metric} at full depth; evaluate with --speedups 1,... and a "
            "metric that the task has."
        )
    return {
        "task": args.task,
        "method": PLAIN if plain else "past_future",
        "variant": args.variant,
        "seed": args.seed,
        "encoder": args.encoder,
        "n_train": args.n_train,
        "n_eval": report["n_examples"],
        "metric": metric,
        "full_depth": full_depth,
        **({} if plain else {"exit_accuracy": report["exit_accuracy"]}),
        "points": points,
        "command": args.command,
        "flags": args.flags,
    }


def _is_full(point: dict[str, Any]) -> bool:
    return bool(point["target_speedup"] == 1.0)


def _point(point: dict[str, Any], metric: str) -> dict[str, Any]:
    others = {name: point[name] for name in METRICS if name in point and name != metric}
    return {
        "target_speedup": point["target_speedup"],
        "speedup": point["speedup"],
        "score": point.get(metric),
        **others,
    }


if __name__ == "__main__":
    sys.exit(run_program(build_parser(), run))
