"""`pf-fairseq export`: a checkpoint becomes one self-contained archive that exits early."""

import argparse
from pathlib import Path

from pf_fairseq.cli.outputs import check_not_an_input, check_output_file
from pf_fairseq.errors import InputError

HELP = "write a checkpoint as one self-contained TorchScript archive that exits early"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `pf-fairseq export`."""
    parser.add_argument("--checkpoint", type=Path, required=True, help="written by fairseq-train")
    parser.add_argument("--output", type=Path, required=True, help="archive to write")
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
        "--dtype", choices=["float32"], default="float32", help="type of weights and arithmetic"
    )
    parser.add_argument(
        "--device",
        choices=["cpu", "cuda"],
        default="cpu",
        help="where the archive is compared with the model; it runs on either",
    )
    parser.add_argument(
        "--min-exit-layer", type=int, default=1, help="first layer after which a sentence may leave"
    )
    parser.add_argument(
        "--check-interval", type=int, default=1, help="layers between two checks (default: 1)"
    )
    parser.add_argument(
        "--no-tokenizer", action="store_true", help="leave the tokenizer out: token ids only"
    )


def run(args: argparse.Namespace) -> None:
    """Load, export, compare, and say what was written."""
    import torch

    from pf_fairseq.artefact.operating_points import read_operating_points
    from pf_fairseq.trained.exporting import ExportOptions, export_archive
    from pf_fairseq.trained.loading import load_trained_model

    inputs = {"--checkpoint": args.checkpoint, "--data": args.data}
    inputs["--operating-points"] = args.operating_points
    check_not_an_input(args.output, inputs)
    check_output_file(args.output)
    if args.device == "cuda" and not torch.cuda.is_available():
        raise InputError("`--device cuda` needs a GPU that torch can see, but there is none here.")
    trained = load_trained_model(args.checkpoint, args.data)
    check_not_an_input(args.output, {"--data": trained.data})
    points, default = (
        ([], None)
        if args.operating_points is None
        else read_operating_points(args.operating_points, trained.task.task)
    )
    options = ExportOptions(
        operating_points=points,
        default=default,
        device=args.device,
        min_exit_layer=args.min_exit_layer,
        check_interval=args.check_interval,
        with_tokenizer=not args.no_tokenizer,
    )
    comparison = export_archive(trained, options, args.output)
    print(f"wrote {args.output} ({args.output.stat().st_size / 1e6:.1f} MB)")
    print(
        f"compared with the model on {comparison.n_sentences} sentences at "
        f"{comparison.n_thresholds} threshold(s): same exits "
        f"({comparison.n_near_threshold} too near a threshold to judge), "
        f"logits within {comparison.largest_difference:.1e}"
    )
    names = ", ".join(f"{p.name} (threshold {p.threshold:.4g})" for p in points) or "none"
    print(f"operating points: {names}; default: {default or 'full depth'}")
