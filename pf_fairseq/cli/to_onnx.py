"""A checkpoint becomes an ONNX model that exits early; `export/to_onnx.py` is its face."""

import argparse

from pf_fairseq.cli.export import add_model_arguments, check_paths, load_points, report
from pf_fairseq.cli.outputs import check_output_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `export/to_onnx.py`."""
    add_model_arguments(parser)
    parser.add_argument(
        "--dtype", choices=["float32"], default="float32", help="type of weights and arithmetic"
    )


def run(args: argparse.Namespace) -> None:
    """Load, export, compare, and say what was written."""
    check_paths(args)
    check_output_file(args.output)
    # Imported where they run: `--help` and a wrong flag are to be answered at once.
    from pf_fairseq.trained.exporting import ExportOptions, export_onnx
    from pf_fairseq.trained.loading import load_trained_model

    trained = load_trained_model(args.checkpoint, args.data)
    check_paths(args, trained.data)
    options = ExportOptions(
        points=load_points(args, trained, args.dtype),
        min_exit_layer=args.min_exit_layer,
        check_interval=args.check_interval,
        with_tokenizer=False,
    )
    report(args.output, export_onnx(trained, options, args.output), options.points)
