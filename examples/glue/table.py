"""Print a file of results as a Markdown table: accuracies in per cent, dev set.

python examples/glue/table.py examples/glue/results/grid.jsonl
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from pf_fairseq.cli.program import Parser, run_program

TARGETS = (2.0, 3.0)


def build_parser() -> Parser:
    """Build the parser of the flags."""
    parser = Parser(prog="table.py", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("results", type=Path, help="written by record.py")
    return parser


def run(args: argparse.Namespace) -> None:
    """Read the file and print the table."""
    rows = [json.loads(line) for line in args.results.read_text("utf-8").splitlines()]
    print("| task | variant | full depth | 2x | 3x | each exit alone |")
    print("| --- | --- | --- | --- | --- | --- |")
    for row in rows:
        print(f"| {row['task']} | {row['variant']} | {' | '.join(_scores(row))} |")


def _scores(row: dict[str, Any]) -> list[str]:
    if row["method"] == "plain":  # its earlier exits were never trained
        return [_percent(row["full_depth"]), "", "", ""]
    scores = {point["target_speedup"]: point["score"] for point in row["points"]}
    at_targets = [_percent(scores[target]) for target in TARGETS]
    alone = " ".join(map(_percent, row["exit_accuracy"]))
    return [_percent(row["full_depth"]), *at_targets, alone]


def _percent(score: float | None) -> str:
    return "not reached" if score is None else f"{100 * score:.1f}"


if __name__ == "__main__":
    sys.exit(run_program(build_parser(), run))
