"""Print a file of results as a Markdown table: accuracies in per cent, dev set.

In parentheses: points above (+) or below (-) the best plain model of the same task.

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
    tasks = list(dict.fromkeys(row["task"] for row in rows))
    for row in sorted(rows, key=lambda row: (tasks.index(row["task"]), row["method"] != "plain")):
        best = max(
            (other["full_depth"] for other in rows if _is_plain_of(row, other)), default=None
        )
        print(f"| {row['task']} | {row['variant']} | {' | '.join(_scores(row, best))} |")


def _is_plain_of(row: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(other["task"] == row["task"] and other["method"] == "plain")


def _scores(row: dict[str, Any], plain: float | None) -> list[str]:
    if row["method"] == "plain":  # its earlier exits were never trained
        return [_percent(row["full_depth"]), "", "", ""]
    scores = {point["target_speedup"]: point["score"] for point in row["points"]}
    found = [row["full_depth"], *(scores[target] for target in TARGETS)]
    alone = " ".join(map(_percent, row["exit_accuracy"]))
    return [*(_against(score, plain) for score in found), alone]


def _against(score: float | None, plain: float | None) -> str:
    if score is None or plain is None:
        return _percent(score)
    return f"{_percent(score)} ({100 * (score - plain):+.1f})"


def _percent(score: float | None) -> str:
    return "not reached" if score is None else f"{100 * score:.1f}"


if __name__ == "__main__":
    sys.exit(run_program(build_parser(), run))
