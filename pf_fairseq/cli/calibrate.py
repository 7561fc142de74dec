"""`pf-fairseq calibrate`: thresholds for wanted speed-ups, in the file that the exporter takes."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pf_fairseq.cli.evaluate import add_source_arguments, record_split
from pf_fairseq.cli.outputs import check_not_an_input, check_output_file
from pf_fairseq.errors import InputError

# All else is imported where it runs: `--help` and a wrong flag are to be answered at once.
if TYPE_CHECKING:
    from pf_fairseq.exiting.evaluation import Evaluation

HELP = "choose the thresholds that give the speed-ups wanted"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `pf-fairseq calibrate`."""
    add_source_arguments(parser)
    parser.add_argument(
        "--speedup",
        nargs="+",
        required=True,
        metavar="S",
        help="wanted speed-ups, at least 1; the first becomes the default",
    )
    parser.add_argument("--output", type=Path, required=True, help="JSON file to write")


def run(args: argparse.Namespace) -> None:
    """Record the split, choose the thresholds, write them and print the table."""
    from pf_fairseq.exiting.evaluation import evaluate_exits
    from pf_fairseq.exiting.operating_points import read_speedups
    from pf_fairseq.reporting.report import build_operating_points, write_json
    from pf_fairseq.reporting.table import format_table
    from pf_fairseq.text.task import TaskDescription

    targets = read_speedups(args.speedup)
    check_not_an_input(args.output, {"--checkpoint": args.checkpoint, "--data": args.data})
    check_output_file(args.output)
    task = TaskDescription.read(args.data)
    recorded = record_split(args.checkpoint, args.data, args.split)
    evaluation = evaluate_exits(recorded, task=task.task, metrics=["accuracy"], targets=targets)
    _check_reached(evaluation)
    content = build_operating_points(evaluation.task, evaluation.operating_points)
    write_json(args.output, content)
    print(format_table(evaluation))
    print(f"Written to {args.output}; the default is {content['default']}x")


def _check_reached(evaluation: "Evaluation") -> None:
    """Refuse to calibrate for less than all that was asked."""
    missed = [point for point in evaluation.operating_points if point.reached is None]
    if missed:
        names = " ".join(point.name for point in missed)
        raise InputError(f"`--speedup {names}`: {missed[0].reason}; ask for less.")
