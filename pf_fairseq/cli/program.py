"""What every command of ours has in common: exit statuses, and errors in one sentence."""

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from pf_fairseq.errors import InputError

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one sentence, without the usage text before it."""

    def error(self, message: str) -> NoReturn:
        """Print `message` and leave with status 2."""
        self.exit(EXIT_BAD_INPUT, f"{self.prog}: {message} (see `{self.prog} --help`)\n")


def run_program(
    parser: argparse.ArgumentParser,
    run: Callable[[argparse.Namespace], None],
    arguments: Sequence[str] | None = None,
) -> int:
    """Parse `arguments`, call `run`, and return the exit status.

    Returns:
        0 on success, 2 after an `InputError` (its sentence goes to stderr), 130 when interrupted.
        Anything else that `run` raises is a failure of ours and passes through (status 1).
    """
    args = parser.parse_args(arguments)
    # fairseq tells of everything that it loads; here only what a person asked for is printed.
    logging.getLogger("fairseq").setLevel(logging.WARNING)
    try:
        run(args)
    except InputError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT
    except KeyboardInterrupt:
        print(f"{parser.prog}: interrupted; nothing half-written was kept.", file=sys.stderr)
        return EXIT_INTERRUPTED
    return 0
