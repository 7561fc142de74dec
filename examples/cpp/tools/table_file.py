"""What the programs that write tables of code points share: their rows and their command line."""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[1] / "src"
SURROGATES = range(0xD800, 0xE000)
ROW_WIDTH = 100


def code_points() -> Iterator[int]:
    """Yield every code point that text can hold."""
    return (code for code in range(sys.maxunicode + 1) if code not in SURROGATES)


def runs(classify: Callable[[int], str | None]) -> Iterator[tuple[int, int, str]]:
    """Yield first code point, last code point and class of every run that has a class."""
    labelled = ((code, classify(code)) for code in code_points())
    for char_class, run in groupby(labelled, key=lambda pair: pair[1]):
        if char_class is not None:
            codes = [code for code, _ in run]
            yield codes[0], codes[-1], char_class


def lay_out(entries: Iterable[str]) -> str:
    """Fill rows with the entries."""
    rows = [""]
    for entry in entries:
        if len(rows[-1]) + 1 + len(entry) > ROW_WIDTH:
            rows.append("")
        rows[-1] = f"{rows[-1]} {entry}" if rows[-1] else entry
    return "".join(f"{row}\n" for row in rows)


def write_or_check(program: str, output: Path, content: Callable[[], str]) -> int:
    """Write the file, or with `--check` return 1 if it differs from what would be written."""
    parser = argparse.ArgumentParser(description=f"write src/{output.name}")
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    arguments = parser.parse_args()
    text = f"// Written by tools/{program}: do not edit.\n{content()}"
    if not arguments.check:
        output.write_text(text, encoding="ascii")
        return 0
    if output.read_text(encoding="ascii") == text:
        return 0
    print(f"{output.name} is out of date: run {program}", file=sys.stderr)
    return 1
