"""What every command does when the world outside refuses."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pf_fairseq.cli.program import Parser, run_program

PROGRAM = """
import argparse, sys
from pf_fairseq.cli.program import Parser, run_program
def run(args):
    {body}
parser = Parser(prog="tool")
parser.add_argument("--flag")
sys.exit(run_program(parser, run, {arguments}))
"""


needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")


def run_tool(
    body: str, stdout: object, arguments: str = "[]", *flags: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *flags, "-c", PROGRAM.format(body=body, arguments=arguments)],
        stdout=stdout,  # type: ignore[call-overload]
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


REFUSED = "tool: standard output cannot be written (No space left on device)"


@needs_full
@pytest.mark.parametrize("flags", [[], ["-u"]])
def test_a_full_disk_behind_standard_output(flags: list[str], tmp_path: Path) -> None:
    """What comes between two lines of output is done in either case, and said to be done."""
    body = f"print('first'); open({str(tmp_path / 'file')!r}, 'w').write('whole'); print('last')"
    with open("/dev/full", "w") as full:
        done = run_tool(body, full, "[]", *flags)
    assert (done.returncode, done.stderr) == (1, f"{REFUSED}; everything else was done.\n")
    assert (tmp_path / "file").read_text() == "whole"


@needs_full
@pytest.mark.parametrize("flags", [[], ["-u"]])
def test_help_behind_which_a_disk_is_full(flags: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = run_tool("pass", full, "['--help']", *flags)
    assert (done.returncode, done.stderr) == (1, f"{REFUSED}.\n")


@needs_full
@pytest.mark.parametrize("flags", [[], ["-u"]])
@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("raise InputError('`x` is wrong.')", 2, "tool: `x` is wrong.\n"),
        ("raise SystemExit('not the same')", 1, "not the same\n"),
        ("open('/nowhere/x')", 1, "tool: `/nowhere/x` cannot be used (No such file or directory)"),
    ],
)
def test_what_was_not_done_comes_before_a_full_disk(
    body: str, status: int, said: str, *, flags: list[str]
) -> None:
    body = f"from pf_fairseq.errors import InputError; print('first'); {body}"
    with open("/dev/full", "w") as full:
        done = run_tool(body, full, "[]", *flags)
    assert done.returncode == status and done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1 and "was done" not in done.stderr


@pytest.mark.parametrize("body", ["print('done')", "print('x' * 1_000_000)"])
@pytest.mark.parametrize("arguments", ["[]", "['--help']"])
def test_a_reader_that_has_left(body: str, arguments: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = run_tool(body, writing, arguments)
    os.close(writing)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "Broken pipe" in done.stderr
    assert ("everything else was done" in done.stderr) == (arguments == "[]")


def test_a_closed_standard_output() -> None:
    code = PROGRAM.format(body="print('done')", arguments="[]")
    command = 'exec "$0" -c "$1" >&-'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable, code], stderr=subprocess.PIPE, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_characters_that_the_terminal_lacks_are_escaped() -> None:
    done = run_tool(
        "print('label позитив'); raise SystemExit(0)", subprocess.PIPE, PYTHONIOENCODING="latin-1"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == r"label \u043f\u043e\u0437\u0438\u0442\u0438\u0432" + "\n"


def test_a_file_that_the_system_refuses_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_: argparse.Namespace) -> None:
        (tmp_path / "gone").read_text()

    assert run_program(Parser(prog="tool"), run, []) == 1
    error = capsys.readouterr().err
    assert error == f"tool: `{tmp_path / 'gone'}` cannot be used (No such file or directory).\n"
