"""`pf-fairseq calibrate`: thresholds for wanted speed-ups, in the file that the exporter takes."""

import argparse
from pathlib import Path

from pf_fairseq.cli.outputs import check_output_file
from pf_fairseq.cli.source import Found, add_source_arguments, check_source_outputs, find_points
from pf_fairseq.errors import InputError

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
    check_source_outputs(args, args.output)
    check_output_file(args.output)
    # Imported where they run: `--help` and a wrong flag are to be answered at once.
    from pf_fairseq.exiting.operating_points import read_speedups
    from pf_fairseq.reporting.report import build_operating_points, write_json
    from pf_fairseq.reporting.table import format_table

    targets = read_speedups(args.speedup)
    found = find_points(args, targets, ["accuracy"])
    _check_reached(found)
    content = build_operating_points(found.evaluation, found.origin, found.reported_split)
    write_json(args.output, content)
    print(
        format_table(
            found.evaluation, split=found.origin.split, reported_split=found.reported_split
        )
    )
    print(f"Written to {args.output}; the default is {content['default']}x")


def _check_reached(found: Found) -> None:
    """Refuse to calibrate for less than all that was asked."""
    missed = [point for point in found.evaluation.operating_points if point.reached is None]
    if missed:
        names = " ".join(point.name for point in missed)
        raise InputError(f"`--speedup {names}`: {missed[0].reason}; ask for less.")
