"""The demo's steps are ordinary commands: each is shown before it runs."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path


class CommandError(Exception):
    """A step did not end with status 0; the text says which, and where its output is."""


def run(title: str, command: Sequence[str | Path], *, log: Path | None = None) -> None:
    """Print `title` and `command`, then run it in the current folder.

    Args:
        title: what the step does.
        command: the program, looked up beside this Python first, and its arguments.
        log: file that takes the output instead of the screen.

    Raises:
        CommandError: if the command fails.
    """
    words = [str(word) for word in command]
    print(f"\n== {title}\n$ {shlex.join(words)}", flush=True)
    environment = dict(os.environ)
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    start = time.monotonic()
    if log is None:
        status = subprocess.run(words, env=environment, check=False).returncode
        hint = "its output is above"
    else:
        print(f"  (output in {log})", flush=True)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("w", encoding="utf-8") as output:
            status = subprocess.run(
                words, env=environment, stdout=output, stderr=subprocess.STDOUT, check=False
            ).returncode
        hint = "its last lines are:\n" + "\n".join(_last_lines(log, 15))
    if status != 0:
        raise CommandError(f"`{words[0]}` ended with status {status}; {hint}")
    print(f"   {time.monotonic() - start:.0f} s", flush=True)


def _last_lines(path: Path, count: int) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
