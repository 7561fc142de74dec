"""Export a checkpoint as one self-contained TorchScript archive that exits early.

python export/script.py --checkpoint checkpoints/checkpoint_best.pt --output model.pt

The same as `pf-fairseq export`.
"""

import sys

from pf_fairseq.cli.export import add_arguments, run
from pf_fairseq.cli.program import Parser, run_program


def build_parser() -> Parser:
    """Build the parser of the flags."""
    parser = Parser(prog="export/script.py", description=(__doc__ or "").split("\n", 1)[0])
    add_arguments(parser)
    return parser


if __name__ == "__main__":
    sys.exit(run_program(build_parser(), run))
