"""Which model sees which sentences: the options that `evaluate` and `calibrate` share."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pf_fairseq.cli.outputs import check_not_an_input
from pf_fairseq.errors import InputError
from pf_fairseq.modules.policy_description import POLICY_NAMES

if TYPE_CHECKING:
    from pf_fairseq.exiting.evaluation import Evaluation
    from pf_fairseq.exiting.point import PointOrigin
    from pf_fairseq.recording.models import RecordedModel


@dataclass(frozen=True)
class Found:
    """What the recorded rows say, and which rows they are.

    Attributes:
        evaluation: everything that follows from them.
        origin: what the points were chosen with.
        reported_split: names the rows that figures are of.
    """

    evaluation: "Evaluation"
    origin: "PointOrigin"
    reported_split: str


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which model sees which sentences, and how it exits."""
    model = parser.add_mutually_exclusive_group(required=True)
    model.add_argument("--checkpoint", type=Path, help="checkpoint that fairseq-train wrote")
    model.add_argument(
        "--archive", type=Path, help="archive of `export`: figures of the very dtype that serves"
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="folder that `pf-fairseq preprocess` wrote"
    )
    parser.add_argument(
        "--split", default="valid", help="split that is reported on (default: %(default)s)"
    )
    parser.add_argument(
        "--calibration-split",
        metavar="SPLIT[:FRACTION]",
        help="choose thresholds on these rows and report on the others; of the same split, a "
        "fraction drawn with a fixed seed (default: both on all rows of --split)",
    )
    parser.add_argument(
        "--device", default="cpu", help="where the model runs, cpu or cuda (default: %(default)s)"
    )
    parser.add_argument(
        "--exit-policy",
        choices=POLICY_NAMES,
        help="what decides when a sentence leaves (default: the archive's, else entropy)",
    )
    parser.add_argument(
        "--min-exit-layer",
        type=int,
        metavar="K",
        help="first layer after which a sentence may leave (default: the archive's, else 1)",
    )
    parser.add_argument(
        "--check-interval",
        type=int,
        metavar="K",
        help="layers between two checks (default: the archive's, else 1)",
    )


def check_source_outputs(args: argparse.Namespace, *outputs: Path) -> None:
    """Refuse outputs that are inputs.

    Raises:
        InputError: naming the input.
    """
    inputs = {"--checkpoint": args.checkpoint, "--archive": args.archive, "--data": args.data}
    for output in outputs:
        check_not_an_input(output, inputs)


def find_points(
    args: argparse.Namespace, targets: list[float], metrics: list[str] | None = None
) -> Found:
    """Record the rows and find the points of the targets.

    Args:
        args: the options of `add_source_arguments`.
        targets: wanted speed-ups.
        metrics: scores to compute; None: those of the task.

    Raises:
        InputError: if the model, the data or an option cannot be used.
    """
    from pf_fairseq.exiting.evaluation import evaluate_exits
    from pf_fairseq.exiting.metrics import check_metrics
    from pf_fairseq.exiting.point import PointOrigin
    from pf_fairseq.exiting.policy import policy_of
    from pf_fairseq.modules.policies import build_policy
    from pf_fairseq.recording.rows import parse_calibration, record_rows
    from pf_fairseq.text.task import TaskDescription

    task = TaskDescription.read(args.data)
    check_metrics(task.metrics)
    choice = parse_calibration(args.calibration_split, args.split)
    model = _load(args)
    min_exit_layer = model.min_exit_layer if args.min_exit_layer is None else args.min_exit_layer
    check_interval = model.check_interval if args.check_interval is None else args.check_interval
    _check_exits(min_exit_layer, check_interval, model.n_layers)
    if args.exit_policy is None:
        policy = policy_of(model.policy, model.name)
    else:
        policy = build_policy(args.exit_policy)
    rows = record_rows(model, args.split, choice)
    evaluation = evaluate_exits(
        rows.reported,
        task=task.task,
        metrics=task.metrics if metrics is None else metrics,
        targets=targets,
        policy=policy,
        min_exit_layer=min_exit_layer,
        check_interval=check_interval,
        calibration=rows.choosing,
    )
    origin = PointOrigin(
        task=task.task,
        policy=policy.description,
        checkpoint_sha256=model.checkpoint_sha256,
        dtype=model.dtype,
        min_exit_layer=min_exit_layer,
        check_interval=check_interval,
        split=args.split if args.calibration_split is None else args.calibration_split,
    )
    return Found(evaluation, origin, rows.reported_name)


def _load(args: argparse.Namespace) -> "RecordedModel":
    from pf_fairseq.recording.models import model_of_archive, model_of_checkpoint

    if args.archive is not None:
        return model_of_archive(args.archive, args.data, args.device)
    return model_of_checkpoint(args.checkpoint, args.data, args.device)


def _check_exits(min_exit_layer: int, check_interval: int, n_layers: int) -> None:
    if not 1 <= min_exit_layer <= n_layers:
        raise InputError(
            f"`--min-exit-layer` must be between 1 and the {n_layers} layers of the model, but is "
            f"{min_exit_layer} instead."
        )
    if check_interval < 1:
        raise InputError(f"`--check-interval` must be at least 1, but is {check_interval} instead.")
