"""Export a checkpoint as an ONNX model that exits early.

python export/to_onnx.py --checkpoint checkpoints/checkpoint_best.pt --output model.onnx
"""

import sys

from pf_fairseq.cli.program import Parser, run_program
from pf_fairseq.cli.to_onnx import add_arguments, run


def build_parser() -> Parser:
    """Build the parser of the flags."""
    parser = Parser(prog="export/to_onnx.py", description=(__doc__ or "").split("\n", 1)[0])
    add_arguments(parser)
    return parser


if __name__ == "__main__":
    sys.exit(run_program(build_parser(), run))
