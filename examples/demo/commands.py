"""The demo's steps are ordinary commands: each is shown before it runs."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

Command = list[str | Path]


class CommandError(Exception):
    """A step did not end with status 0; the text says which, and where its output is.

    Args:
        message: the text.
        status: exit status of the step.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = max(1, status)  # negative where a signal ended the step


def run(
    title: str,
    command: Command,
    *,
    log: Path | None = None,
    show: Callable[[str], str | None] = lambda line: None,
) -> None:
    """Print `title` and `command`, then run it in the current folder.

    Args:
        title: what the step does.
        command: the program, looked up beside this Python first, and its arguments.
        log: file that takes the output instead of the screen.
        show: makes of a line of the log what the screen shows of it, or nothing.

    Raises:
        CommandError: if the command fails.
    """
    words = [str(word) for word in command]
    print(f"\n== {title}\n$ {shlex.join(words)}", flush=True)
    start = time.monotonic()
    if log is None:
        status = subprocess.run(words, env=_environment(), check=False).returncode
        hint = "its output is above"
    else:
        status = _run_logged(words, log, show)
        last_lines = log.read_text(encoding="utf-8").splitlines()[-15:]
        hint = f"the last lines of {log}:\n" + "\n".join(last_lines)
    if status != 0:
        raise CommandError(f"`{words[0]}` ended with status {status}; {hint}", status)
    print(f"   ({time.monotonic() - start:.0f} s)", flush=True)


def _run_logged(words: list[str], log: Path, show: Callable[[str], str | None]) -> int:
    print(f"   (output in {log})", flush=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("w", encoding="utf-8") as file,
        subprocess.Popen(
            words,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        for line in _lines(process):
            file.write(line)
            shown = show(line)
            if shown is not None:
                print(f"   {shown}", flush=True)
    return process.returncode


def _lines(process: "subprocess.Popen[str]") -> Iterator[str]:
    assert process.stdout is not None
    yield from process.stdout


def _environment() -> dict[str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    # Threads that spin while they wait bring a machine that is shared, or a container with a share
    # of its cores, to a standstill.
    return {"OMP_WAIT_POLICY": "passive", **os.environ, "PATH": path, "PYTHONUNBUFFERED": "1"}
