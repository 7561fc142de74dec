"""`pf-fairseq evaluate`: one full-depth pass over a split, and all that follows from it."""

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from pf_fairseq.cli.outputs import check_not_an_input, check_output_folder
from pf_fairseq.errors import InputError

# All else is imported where it runs: `--help` and a wrong flag are to be answered at once.
if TYPE_CHECKING:
    from pf_fairseq.exiting.evaluation import Evaluation
    from pf_fairseq.exiting.recorded import RecordedExits
    from pf_fairseq.text.data_bin import EncodedSplit

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


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which model sees which sentences."""
    parser.add_argument(
        "--checkpoint", type=Path, required=True, help="checkpoint that fairseq-train wrote"
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="folder that `pf-fairseq preprocess` wrote"
    )
    parser.add_argument(
        "--split", default="valid", help="train, valid or test (default: %(default)s)"
    )


def run(args: argparse.Namespace) -> None:
    """Record the split, write every file and print the table."""
    from pf_fairseq.exiting.evaluation import evaluate_exits
    from pf_fairseq.exiting.metrics import check_metrics
    from pf_fairseq.exiting.operating_points import read_speedups
    from pf_fairseq.reporting.glue_submission import check_submittable, write_submission
    from pf_fairseq.reporting.table import format_table
    from pf_fairseq.text.task import TaskDescription

    targets = read_speedups(args.speedups.split(","))
    check_outputs(args)
    task = TaskDescription.read(args.data)
    check_metrics(task.metrics)
    if args.submission:
        check_submittable(task.task)
    recorded = record_split(args.checkpoint, args.data, args.split)
    evaluation = evaluate_exits(recorded, task=task.task, metrics=task.metrics, targets=targets)
    write_files(args.output, evaluation)
    if args.submission:
        write_submission(args.output / SUBMISSION, evaluation, task.labels)
    print(format_table(evaluation))
    print(f"Written to {args.output}: {', '.join(FILES)}")
    if args.submission:
        print(f"GLUE's test files: {args.output / SUBMISSION}")


def check_outputs(args: argparse.Namespace) -> None:
    """Refuse an output folder that cannot be written, or in which an input would be replaced."""
    inputs = {"--checkpoint": args.checkpoint, "--data": args.data}
    check_not_an_input(args.output, inputs)
    for name in FILES:
        check_not_an_input(args.output / name, inputs)
    if args.submission:
        check_not_an_input(args.output / SUBMISSION, inputs, folder=True)
    check_output_folder(args.output)


def write_files(output: Path, evaluation: "Evaluation") -> None:
    """Write what an evaluation consists of into the folder `output`, the report last."""
    from pf_fairseq.reporting.curve_csv import write_curve_csv
    from pf_fairseq.reporting.curve_picture import draw_curve
    from pf_fairseq.reporting.exits_picture import draw_exits
    from pf_fairseq.reporting.recorded_logits import write_logits
    from pf_fairseq.reporting.report import build_report, write_json

    write_logits(output / "logits.npz", evaluation.recorded)
    write_curve_csv(output / "curve.csv", evaluation)
    draw_curve(output / "curve.png", evaluation)
    draw_exits(output / "exits.png", evaluation)
    write_json(output / "report.json", build_report(evaluation))


def record_split(checkpoint: Path, data: Path, split: str) -> "RecordedExits":
    """Run a split once at full depth.

    Raises:
        InputError: if the checkpoint, the data or the split cannot be used.
    """
    import torch

    from pf_fairseq.exiting.recorded import RecordedExits
    from pf_fairseq.runtime.recording import record_exit_logits
    from pf_fairseq.text.data_bin import load_split
    from pf_fairseq.trained.loading import load_trained_model

    trained = load_trained_model(checkpoint, data)
    # one of fairseq's tasks sets it to DEBUG when imported, and matplotlib has much to say then
    logging.getLogger().setLevel(logging.WARNING)
    encoded = load_split(trained.data, split, trained.task)
    _check_sentences(encoded, split, trained.model.max_positions())
    logits = record_exit_logits(trained.model, encoded.sentences, trained.pad_id)
    n_bad = int((~logits.isfinite()).flatten(1).any(dim=1).sum())
    if n_bad:
        raise InputError(
            f"checkpoint `{checkpoint}` gives NaN or infinite logits for {n_bad} of {len(logits)} "
            "sentences; its training diverged, take an earlier checkpoint or train again."
        )
    return RecordedExits(logits, None if encoded.labels is None else torch.tensor(encoded.labels))


def _check_sentences(encoded: "EncodedSplit", split: str, max_positions: int) -> None:
    """Refuse a split without sentences, or with one that the model has no positions for."""
    longest = max(map(len, encoded.sentences), default=0)
    if longest == 0:
        raise InputError(f"The split `{split}` holds no sentences; name another with `--split`.")
    if longest > max_positions:
        raise InputError(
            f"The split `{split}` has a sentence of {longest} tokens, but the model takes at most "
            f"{max_positions}; run `pf-fairseq preprocess` again with `--max-tokens`."
        )
