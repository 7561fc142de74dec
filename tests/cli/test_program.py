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


def run_tool(
    body: str, stdout: object, arguments: str = "[]", **environment: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(body=body, arguments=arguments)],
        stdout=stdout,  # type: ignore[call-overload]
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_behind_standard_output(unbuffered: str) -> None:
    with open("/dev/full", "w") as full:
        done = run_tool("print('done')", full, PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "No space left on device" in done.stderr
    assert done.stderr.startswith("tool: ")


@pytest.mark.parametrize("body", ["print('done')", "print('x' * 1_000_000)"])
@pytest.mark.parametrize("arguments", ["[]", "['--help']"])
def test_a_reader_that_has_left(body: str, arguments: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = run_tool(body, writing, arguments)
    os.close(writing)
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr
    if arguments == "[]":
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1 and "Broken pipe" in done.stderr


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
