"""`pf-fairseq evaluate`: one full-depth pass over a split, and all that follows from it."""

import argparse
from pathlib import Path

from pf_fairseq.cli.outputs import check_not_an_input, check_output_file
from pf_fairseq.cli.source import Found, add_source_arguments, check_source_outputs, find_points

HELP = "measure every exit of a checkpoint, and the trade-off between speed-up and accuracy"
SPEEDUPS = "1,1.5,2,3,4"
FILES = ("report.json", "curve.csv", "curve.png", "exits.png", "logits.npz")
SUBMISSION = "submission"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `pf-fairseq evaluate`."""
    add_source_arguments(parser)
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    parser.add_argument(
        "--speedups",
        default=SPEEDUPS,
        metavar="LIST",
        help="speed-ups to choose thresholds for, with commas between (default: %(default)s)",
    )
    parser.add_argument(
        "--submission",
        action="store_true",
        help="also write GLUE's test file for each speed-up",
    )


def run(args: argparse.Namespace) -> None:
    """Record the split, write every file and print the table."""
    _check_outputs(args)
    # Imported where they run: `--help` and a wrong flag are to be answered at once.
    from pf_fairseq.exiting.operating_points import read_speedups
    from pf_fairseq.reporting.glue_submission import check_submittable, write_submission
    from pf_fairseq.reporting.table import format_table
    from pf_fairseq.text.task import TaskDescription

    targets = read_speedups(args.speedups.split(","))
    task = TaskDescription.read(args.data)
    if args.submission:
        check_submittable(task.task)
    found = find_points(args, targets)
    write_files(args.output, found)
    if args.submission:
        write_submission(args.output / SUBMISSION, found.evaluation, task.labels)
    print(
        format_table(
            found.evaluation, split=found.origin.split, reported_split=found.reported_split
        )
    )
    print(f"Written to {args.output}: {', '.join(FILES)}")
    if args.submission:
        print(f"GLUE's test files: {args.output / SUBMISSION}")


def write_files(output: Path, found: Found) -> None:
    """Write what an evaluation consists of into the folder `output`, the report last."""
    from pf_fairseq.reporting.curve_csv import write_curve_csv
    from pf_fairseq.reporting.curve_picture import draw_curve
    from pf_fairseq.reporting.exits_picture import draw_exits
    from pf_fairseq.reporting.recorded_logits import write_logits
    from pf_fairseq.reporting.report import build_report, write_json

    evaluation = found.evaluation
    write_logits(output / "logits.npz", evaluation.recorded)
    write_curve_csv(output / "curve.csv", evaluation)
    draw_curve(output / "curve.png", evaluation)
    draw_exits(output / "exits.png", evaluation)
    write_json(output / "report.json", build_report(evaluation, found.origin, found.reported_split))


def _check_outputs(args: argparse.Namespace) -> None:
    """Refuse outputs that cannot be written, or that would replace an input or a special file."""
    check_source_outputs(args, args.output, *(args.output / name for name in FILES))
    if args.submission:
        inputs = {"--checkpoint": args.checkpoint, "--archive": args.archive, "--data": args.data}
        check_not_an_input(args.output / SUBMISSION, inputs, folder=True)
    for name in FILES:
        check_output_file(args.output / name)
