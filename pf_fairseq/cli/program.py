"""What every command of ours has in common: exit statuses, and errors in one sentence."""

import argparse
import contextlib
import io
import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TextIO, cast

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


class Output:
    """Standard output, whose first refusal is kept in `error` while the program goes on.

    Without a buffer every `print` may fail, in the midst of the work, and `argparse` passes over
    it. What has been refused is let go, which Python would try again on leaving.

    Args:
        stream: where the text goes.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.error: OSError | None = None

    def write(self, text: str) -> int:
        """Write `text`; nowhere, once the stream has refused."""
        if self.error is None:
            try:
                return self.stream.write(text)
            except OSError as error:
                self._give_up(error)
        return len(text)

    def flush(self) -> None:
        """Write what is left in the buffer, unless the stream has refused."""
        if self.error is None:
            try:
                self.stream.flush()
            except OSError as error:
                self._give_up(error)

    def __getattr__(self, name: str) -> Any:
        """All else is the stream's."""
        return getattr(self.stream, name)

    def _give_up(self, error: OSError) -> None:
        self.error = error
        with contextlib.suppress(OSError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.stream.fileno())


def run_program(
    parser: argparse.ArgumentParser,
    run: Callable[[argparse.Namespace], None],
    arguments: Sequence[str] | None = None,
) -> int:
    """Parse `arguments`, call `run`, and return the exit status.

    Characters that the terminal has no encoding for are printed escaped. Where standard output
    refuses, the work is finished all the same, since what it makes stands in files.

    Returns:
        0 on success, 2 after an `InputError` (its sentence goes to stderr), 130 when interrupted,
        1 when the operating system refuses to read or write something, standard output included.
        Anything else that `run` raises is a failure of ours and passes through (status 1).
    """
    _escape_what_cannot_be_encoded(sys.stdout, sys.stderr)
    # A stream that was closed before the start is None.
    output = Output(sys.stdout or io.StringIO())
    try:
        with contextlib.redirect_stdout(cast(TextIO, output)):
            args = parser.parse_args(arguments)
            # fairseq tells of all that it loads; here only what a person asked for is printed.
            logging.getLogger("fairseq").setLevel(logging.WARNING)
            prepare_program()
            run(args)
        return _finish(parser, output, "; everything else was done")
    except SystemExit as leaving:
        if not leaving.code and _finish(parser, output):  # `--help`
            return EXIT_FAILURE
        raise
    except InputError as error:
        _complain(f"{parser.prog}: {error}")
        return EXIT_BAD_INPUT
    except KeyboardInterrupt:
        _complain(f"{parser.prog}: interrupted; nothing half-written was kept.")
        return EXIT_INTERRUPTED
    except OSError as error:
        _complain(f"{parser.prog}: {_refusal(error)}")
        return EXIT_FAILURE
    finally:
        output.flush()


def _escape_what_cannot_be_encoded(*streams: TextIO | None) -> None:
    for stream in streams:
        # None where the stream was closed before the start; a test's stand-in may lack the method.
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _finish(parser: argparse.ArgumentParser, output: Output, done: str = "") -> int:
    """Return the status of a run that went well: 1 if its output was refused, which is said."""
    output.flush()
    if output.error is None:
        return 0
    reason = _reason(output.error)
    _complain(f"{parser.prog}: standard output cannot be written ({reason}){done}.")
    return EXIT_FAILURE


def _refusal(error: OSError) -> str:
    """Say what the operating system refused."""
    if error.filename is not None:
        return f"`{error.filename}` cannot be used ({_reason(error)})."
    return f"the operating system refused to read or write ({_reason(error)})."


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def _complain(message: str) -> None:
    with contextlib.suppress(OSError):  # where stderr refuses as well, the status must do
        print(message, file=sys.stderr, flush=True)
