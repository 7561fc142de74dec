"""`pf-fairseq`: one command, a sub-command for each step."""

import importlib
import sys
from collections.abc import Sequence

from pf_fairseq.cli.program import Parser, run_program

COMMANDS = ("convert", "preprocess", "evaluate", "calibrate", "export")


def build_parser() -> Parser:
    """Build the parser of all sub-commands."""
    parser = Parser(prog="pf-fairseq", description="Early exits for sentence classifiers.")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        # Each describes its options without torch or fairseq, and imports them when it runs.
        module = importlib.import_module(f"pf_fairseq.cli.{name}")
        subparser = subparsers.add_parser(name, help=module.HELP, description=module.HELP)
        module.add_arguments(subparser)
        subparser.set_defaults(run=module.run)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `pf-fairseq` and return its exit status."""
    return run_program(build_parser(), lambda args: args.run(args), arguments)


if __name__ == "__main__":
    sys.exit(main())
