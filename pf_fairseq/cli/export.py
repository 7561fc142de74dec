"""`pf-fairseq export`: a checkpoint becomes one self-contained archive that exits early."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pf_fairseq.cli.outputs import check_not_an_input, check_output_file

if TYPE_CHECKING:
    from pf_fairseq.artefact.checking import Agreement
    from pf_fairseq.exiting.point import PointSet
    from pf_fairseq.trained.exporting import ExportOptions
    from pf_fairseq.trained.loading import TrainedModel

# Those of `pf_fairseq.runtime.lowering`, which imports torch.
DTYPES = ("float32", "bfloat16", "float16")
HELP = "write a checkpoint as one self-contained TorchScript archive that exits early"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `pf-fairseq export`."""
    add_model_arguments(parser)
    parser.add_argument(
        "--dtype",
        choices=DTYPES,
        default=DTYPES[0],
        help="type of weights and arithmetic; points that were chosen for another are chosen anew",
    )
    parser.add_argument(
        "--device",
        choices=["cpu", "cuda"],
        default="cpu",
        help="where the archive is compared with the model; it runs on either",
    )
    parser.add_argument(
        "--no-tokenizer", action="store_true", help="leave the tokenizer out: token ids only"
    )


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is exported, in whatever format, and where it exits."""
    parser.add_argument("--checkpoint", type=Path, required=True, help="written by fairseq-train")
    parser.add_argument("--output", type=Path, required=True, help="file to write")
    parser.add_argument(
        "--data", type=Path, help="data-bin of `preprocess` (default: the checkpoint's own)"
    )
    parser.add_argument(
        "--operating-points",
        type=Path,
        help="operating_points.json of `calibrate` or report.json of `evaluate`; "
        'a report makes "2" the default; without a file the default is full depth',
    )
    parser.add_argument(
        "--min-exit-layer",
        type=int,
        metavar="K",
        help="first layer after which a sentence may leave (default: that of the points, else 1)",
    )
    parser.add_argument(
        "--check-interval",
        type=int,
        metavar="K",
        help="layers between two checks (default: that of the points, else 1)",
    )


def run(args: argparse.Namespace) -> None:
    """Load, export, compare, and say what was written."""
    check_paths(args)
    check_output_file(args.output)
    # Imported where they run: `--help` and a wrong flag are to be answered at once.
    from pf_fairseq.runtime.devices import check_device
    from pf_fairseq.trained.exporting import ExportOptions, export_archive
    from pf_fairseq.trained.loading import load_trained_model

    check_device(args.device, "--device")
    trained = load_trained_model(args.checkpoint, args.data)
    check_paths(args, trained.data)
    points = load_points(args, trained)
    options = ExportOptions(
        points=points,
        min_exit_layer=args.min_exit_layer,
        check_interval=args.check_interval,
        device=args.device,
        with_tokenizer=not args.no_tokenizer,
        dtype=args.dtype,
    )
    if args.dtype != DTYPES[0]:
        from pf_fairseq.recording.lowered import dtype_of, fit_points

        options = fit_points(trained, options)
        print(_report_dtype(dtype_of(points), options))
    report(args.output, export_archive(trained, options, args.output), options.points)


def check_paths(args: argparse.Namespace, data: Path | None = None) -> None:
    """Refuse an output that is an input; `data` is the data-bin, once it is known.

    Raises:
        InputError: naming the input.
    """
    inputs = {
        "--checkpoint": args.checkpoint,
        "--data": args.data if data is None else data,
        "--operating-points": args.operating_points,
    }
    check_not_an_input(args.output, inputs)


def load_points(
    args: argparse.Namespace, trained: "TrainedModel", dtype: str | None = None
) -> "PointSet":
    """Read the points of `--operating-points`, if it is given; `dtype` refuses those of another.

    Raises:
        InputError: if the file holds none for this model.
    """
    from pf_fairseq.artefact.operating_points import read_operating_points
    from pf_fairseq.exiting.point import NO_POINTS

    if args.operating_points is None:
        return NO_POINTS
    return read_operating_points(
        args.operating_points,
        task=trained.task.task,
        checkpoint_sha256=trained.sha256,
        dtype=dtype,
    )


def report(output: Path, agreement: "Agreement", points: "PointSet") -> None:
    """Say what was written, how it was compared, and which points it has."""
    print(f"wrote {output} ({output.stat().st_size / 1e6:.1f} MB)")
    print(_report(agreement))
    names = ", ".join(f"{p.name} (threshold {p.threshold:.4g})" for p in points.points) or "none"
    print(f"operating points: {names}; default: {points.default or 'full depth'}")


def _report_dtype(chosen_for: str, options: "ExportOptions") -> str:
    """Say what became of points of another dtype, and how many labels are float32's."""
    found = options.agreement
    assert found is not None
    lines = []
    if options.points.points and chosen_for != options.dtype:
        names = ", ".join(point.name for point in options.points.points)
        lines.append(
            f"operating points {names}: chosen for {chosen_for}, so chosen anew for "
            f"{options.dtype} on {found.split}"
        )
    shares = {"full depth": found.full_depth, **found.points}
    listed = ", ".join(f"{name} {100 * share:.2f} %" for name, share in shares.items())
    lines.append(f"labels equal to those of float32 on {found.rows} rows: {listed}")
    return "\n".join(lines)


def _report(agreement: "Agreement") -> str:
    """Say what was compared."""
    other = (
        "in batches too"
        if agreement.n_other_exits == 0
        else f"in batches {agreement.n_other_exits} elsewhere, nearer to the threshold than scores "
        f"move there ({agreement.score_difference:.1e})"
    )
    return (
        f"compared with the model on {agreement.n_sentences} sentences at "
        f"{agreement.n_thresholds} threshold(s): same exits, {other}; logits within "
        f"{agreement.largest_difference:.1e}"
    )
