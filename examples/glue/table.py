"""Print a file of results as Markdown tables, one for each encoder: scores in per cent, dev set.

A score is the accuracy, or the metric named beside the task; each exit alone is an accuracy. Means
are over the seeds of a variant; in parentheses stand the points above (+) or below (-) the best
plain variant of the same task, encoder and number of training sentences.

python examples/glue/table.py examples/glue/results/grid.jsonl
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pf_fairseq.cli.program import Parser, run_program

TARGETS = (2.0, 3.0)
SAME = (
    "task",
    "metric",
    "variant",
    "encoder",
    "n_train",
    "flags",
)  # seeds alone may differ in a mean


def build_parser() -> Parser:
    """Build the parser of the flags."""
    parser = Parser(prog="table.py", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("results", type=Path, help="written by record.py")
    return parser


def run(args: argparse.Namespace) -> None:
    """Read the file and print the tables."""
    variants = read_variants(args.results)
    encoders = list(dict.fromkeys(each.encoder for each in variants))
    for encoder in encoders:
        if len(encoders) > 1:
            print(f"\n{encoder}:\n")
        print_table([each for each in variants if each.encoder == encoder])


def print_table(variants: "list[Variant]") -> None:
    """Print the variants of one encoder, by task, plain ones first."""
    print("| task | variant | seeds | full depth | 2x | 3x | each exit alone |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    tasks = list(dict.fromkeys(each.task for each in variants))
    for each in sorted(variants, key=lambda each: (tasks.index(each.task), not each.is_plain)):
        plain = [other for other in variants if other.is_plain and other.on == each.on]
        best = max((other.scores[0] for other in plain if other.scores[0]), default=None)
        cells = [each.task, each.name, str(each.n_seeds), *_cells(each, best)]
        print(f"| {' | '.join(cells)} |")


@dataclass
class Variant:
    """Means over the seeds; scores in [0, 1], None where a speed-up was not reached."""

    encoder: str
    task: str
    n_train: int
    name: str
    is_plain: bool
    n_seeds: int
    scores: list[float | None]  # at full depth and at `TARGETS`
    exits: list[float | None]  # of each exit alone

    @property
    def on(self) -> tuple[str, int]:
        """What it was trained on."""
        return self.task, self.n_train


def read_variants(results: Path) -> list[Variant]:
    """Gather the lines that differ in the seed alone."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in map(json.loads, results.read_text("utf-8").splitlines()):
        groups.setdefault(tuple(str(row[name]) for name in SAME), []).append(row)
    return [
        Variant(
            encoder=rows[0]["encoder"],
            task=_task(rows[0]),
            n_train=rows[0]["n_train"],
            name=rows[0]["variant"],
            is_plain=rows[0]["method"] == "plain",
            n_seeds=len(rows),
            scores=_means([_scores(row) for row in rows]),
            exits=_means([row.get("exit_accuracy", []) for row in rows]),
        )
        for rows in groups.values()
    ]


def _scores(row: dict[str, Any]) -> list[float | None]:
    scores = {point["target_speedup"]: point["score"] for point in row["points"]}
    return [row["full_depth"], *(scores.get(target) for target in TARGETS)]


def _task(row: dict[str, Any]) -> str:
    return str(row["task"]) if row["metric"] == "accuracy" else f"{row['task']} ({row['metric']})"


def _means(rows: list[list[float | None]]) -> list[float | None]:
    return [
        None if None in column else sum(filter(None, column)) / len(column)
        for column in zip(*rows, strict=True)
    ]


def _cells(variant: Variant, plain: float | None) -> list[str]:
    if variant.is_plain:  # its earlier exits were never trained
        return [_percent(variant.scores[0]), "", "", ""]
    alone = " ".join(map(_percent, variant.exits))
    return [*(_against(score, plain) for score in variant.scores), alone]


def _against(score: float | None, plain: float | None) -> str:
    if score is None or plain is None:
        return _percent(score)
    return f"{_percent(score)} ({100 * (score - plain):+.1f})"


def _percent(score: float | None) -> str:
    return "not reached" if score is None else f"{100 * score:.1f}"


if __name__ == "__main__":
    sys.exit(run_program(build_parser(), run))
