"""The C++ programs that print numbers for texts, and how their answers are compared.

`make cpp` builds them; `PF_CPP_BUILD_DIR` names another build folder.
"""

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

Encode = Callable[[Sequence[str]], list[list[int]]]


def built(name: str) -> Path:
    """Return the path of a program; without it the test skips."""
    path = Path(os.environ.get("PF_CPP_BUILD_DIR", ROOT / "build" / "cpp")) / name
    if not path.is_file():
        pytest.skip(f"{path} is not built (make cpp): nothing to compare with")
    return path


def run_program(command: Sequence[str | Path], texts: Sequence[str]) -> list[list[int]]:
    """Send each text as one JSON string a line; read back one line of numbers for each."""
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    output = subprocess.run(
        list(map(str, command)), input=lines, capture_output=True, text=True, check=False
    )
    assert output.returncode == 0, output.stderr
    return [[int(number) for number in line.split()] for line in output.stdout.splitlines()]


def assert_agree(encode: Encode, reference: Encode, texts: Sequence[str]) -> None:
    """Compare all texts; the first few that differ are shown."""
    actual, expected = encode(texts), reference(texts)
    assert len(actual) == len(texts)
    different = [
        (text, ours, theirs)
        for text, ours, theirs in zip(texts, actual, expected, strict=True)
        if ours != theirs
    ]
    assert not different, f"{len(different)} of {len(texts)} differ: {different[:3]}"
