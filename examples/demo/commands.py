"""The demo's steps are ordinary commands: each is shown before it runs, and while it does."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

Command = list[str | Path]
Show = Callable[[str], str | None]

SECONDS_BETWEEN_LINES = 10.0
SECONDS_BETWEEN_LOOKS = 0.2


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
    show: Show = lambda line: None,
    progress: Show = lambda line: None,
) -> None:
    """Print `title` and `command`, then run it in the current folder.

    Args:
        title: what the step does.
        command: the program, looked up beside this Python first, and its arguments.
        log: file that takes the output instead of the screen.
        show: makes of a line of the log what the screen shows of it, or nothing.
        progress: the same for what is shown where nothing else was for a while; where it has
            nothing to say either, the seconds are.

    Raises:
        CommandError: if the command fails.
    """
    words = [str(word) for word in command]
    print(f"\n== {title}\n$ {shlex.join(words)}", flush=True)
    start = time.monotonic()
    if log is None:
        with subprocess.Popen(words, env=_environment()) as process:
            _watch(process, _Screen(start))
        hint = "its output is above"
    else:
        process = _run_logged(words, log, _Screen(start, show, progress))
        last_lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
        hint = f"the last lines of {log}:\n" + "\n".join(last_lines)
    if process.returncode != 0:
        status = process.returncode
        raise CommandError(f"`{words[0]}` ended with status {status}; {hint}", status)
    print(f"   ({time.monotonic() - start:.0f} s)", flush=True)


class _Screen:
    """What a person sees of a step that runs: never nothing for long."""

    def __init__(
        self, start: float, show: Show = lambda line: None, progress: Show = lambda line: None
    ) -> None:
        self.start, self.show, self.progress = start, show, progress
        self.latest: str | None = None
        self.shown_at = start

    def take(self, line: str) -> None:
        """Show a line of the log, or keep it as the latest progress."""
        shown = self.show(line)
        if shown is not None:
            self._print(shown)
        self.latest = self.progress(line) or self.latest

    def tick(self) -> None:
        """Show the latest progress if nothing was shown for a while."""
        now = time.monotonic()
        if now - self.shown_at > SECONDS_BETWEEN_LINES:
            self._print(self.latest or f"... {now - self.start:.0f} s")
            self.latest = None

    def _print(self, line: str) -> None:
        print(f"   {line}", flush=True)
        self.shown_at = time.monotonic()


def _run_logged(words: list[str], log: Path, screen: _Screen) -> "subprocess.Popen[bytes]":
    print(f"   (output in {log})", flush=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as target:
        process = subprocess.Popen(words, env=_environment(), stdout=target, stderr=target)
    with process, log.open(encoding="utf-8", errors="replace") as file:
        rest = ""

        def look() -> None:
            nonlocal rest
            *lines, rest = (rest + file.read()).split("\n")
            for line in lines:
                screen.take(line)

        _watch(process, screen, look)
    return process


def _watch(
    process: "subprocess.Popen[bytes]", screen: _Screen, look: Callable[[], None] = lambda: None
) -> None:
    while process.poll() is None:
        time.sleep(SECONDS_BETWEEN_LOOKS)
        look()
        screen.tick()
    look()


def _environment() -> dict[str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    # Threads that spin while they wait bring a machine that is shared, or a container with a share
    # of its cores, to a standstill.
    return {"OMP_WAIT_POLICY": "passive", **os.environ, "PATH": path, "PYTHONUNBUFFERED": "1"}
