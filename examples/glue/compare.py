"""Compare what `classify` printed with what `pf-fairseq evaluate` recorded, line by line.

Ends with status 1 if a label or an exit differs without a score lying next to the threshold.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch

from pf_fairseq.cli.program import Parser, run_program
from pf_fairseq.errors import InputError
from pf_fairseq.exiting.policy import choose_exits, distance_to_parameter
from pf_fairseq.exiting.recorded import RecordedExits
from pf_fairseq.modules.policies import DEFAULT_POLICY, build_policy
from pf_fairseq.text.task import TaskDescription

SCORE_TOLERANCE = 1e-4  # two runtimes add up in different orders


def build_parser() -> Parser:
    """Build the parser of the flags."""
    parser = Parser(prog="compare.py", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--predictions", type=Path, required=True, help="output of classify")
    parser.add_argument("--evaluation", type=Path, required=True, help="output of evaluate")
    parser.add_argument("--data", type=Path, required=True, help="the data-bin of both")
    parser.add_argument("--speedup", required=True, help="name of the operating point of both")
    return parser


def run(args: argparse.Namespace) -> None:
    """Read both sides, count, print, and fail if a difference is not explained."""
    threshold = _threshold(args.evaluation / "report.json", args.speedup)
    with np.load(args.evaluation / "logits.npz") as arrays:
        recorded = RecordedExits(torch.from_numpy(arrays["logits"]), None)
    labels = TaskDescription.read(args.data).labels
    rows = [line.split("\t") for line in args.predictions.read_text("utf-8").splitlines()]
    if len(rows) != recorded.n_sentences:
        raise InputError(
            f"`{args.predictions}` has {len(rows)} lines, but the evaluation "
            f"{recorded.n_sentences} sentences; give the same split to both."
        )
    scores = recorded.scores(build_policy(DEFAULT_POLICY))
    exits = choose_exits(scores, threshold)
    predictions = recorded.predictions_at(exits)
    near = distance_to_parameter(scores, threshold) < SCORE_TOLERANCE
    differs = [
        row[0] != labels[prediction] or row[2] != str(exit_layer)
        for row, prediction, exit_layer in zip(
            rows, predictions.tolist(), exits.tolist(), strict=True
        )
    ]
    n_explained = sum(each and bool(close) for each, close in zip(differs, near, strict=True))
    print(
        f"threshold {threshold:.6g}: {len(rows)} sentences, {sum(differs)} differ in label or "
        f"exit, {n_explained} of them within {SCORE_TOLERANCE:g} of the threshold"
    )
    if n_explained < sum(differs):
        first = next(i for i, each in enumerate(differs) if each and not near[i])
        raise SystemExit(
            f"line {first + 1} differs: {rows[first]} against exit {int(exits[first])}"
        )


def _threshold(report: Path, name: str) -> float:
    points = json.loads(report.read_text(encoding="utf-8"))["operating_points"]
    for point in points:
        if point["name"] == name and point["threshold"] is not None:
            return float(point["threshold"])
    raise InputError(f"`{report}` has no operating point {name!r} with a threshold.")


if __name__ == "__main__":
    sys.exit(run_program(build_parser(), run))
