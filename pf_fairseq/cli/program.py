"""What every command of ours has in common: exit statuses, and errors in one sentence."""

import argparse
import contextlib
import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn, TextIO

from pf_fairseq.errors import InputError
from pf_fairseq.threads import prepare_program

EXIT_FAILURE = 1
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

    Characters that the terminal has no encoding for are printed escaped.

    Returns:
        0 on success, 2 after an `InputError` (its sentence goes to stderr), 130 when interrupted,
        1 when the operating system refuses to read or write something, standard output included.
        Anything else that `run` raises is a failure of ours and passes through (status 1).
    """
    _escape_what_cannot_be_encoded(sys.stdout, sys.stderr)
    done = False
    try:
        args = parser.parse_args(arguments)
        # fairseq tells of everything that it loads; here only what a person asked for is printed.
        logging.getLogger("fairseq").setLevel(logging.WARNING)
        prepare_program()
        run(args)
        done = True
        _flush(sys.stdout)
    except InputError as error:
        _complain(f"{parser.prog}: {error}")
        return EXIT_BAD_INPUT
    except KeyboardInterrupt:
        _complain(f"{parser.prog}: interrupted; nothing half-written was kept.")
        return EXIT_INTERRUPTED
    except OSError as error:
        _complain(f"{parser.prog}: {_refusal(error, done=done)}")
        return EXIT_FAILURE
    finally:
        _give_up_unwritable(sys.stdout)
    return 0


def _escape_what_cannot_be_encoded(*streams: TextIO | None) -> None:
    for stream in streams:
        # None where the stream was closed before the start; a test's stand-in may lack the method.
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _refusal(error: OSError, *, done: bool) -> str:
    """Say what the operating system refused."""
    reason = error.strerror or str(error)
    if error.filename is not None:
        return f"`{error.filename}` cannot be used ({reason})."
    if done:
        return f"standard output cannot be written ({reason}); everything else was done."
    if isinstance(error, BrokenPipeError):
        return f"nobody reads the output any more ({reason})."
    return f"the operating system refused to read or write ({reason})."


def _complain(message: str) -> None:
    with contextlib.suppress(OSError):  # where stderr refuses as well, the status must do
        print(message, file=sys.stderr)
        _flush(sys.stderr)


def _flush(stream: TextIO | None) -> None:
    if stream is not None:
        stream.flush()


def _give_up_unwritable(stream: TextIO | None) -> None:
    """Let what cannot be written go, which Python would try again on leaving, with a traceback."""
    try:
        _flush(stream)
    except OSError:
        with contextlib.suppress(OSError, AttributeError):
            assert stream is not None
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
