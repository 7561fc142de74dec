"""Write src/unicode_tables.inc: the character classes of GPT-2's word pattern.

The pattern's `\\p{L}`, `\\p{N}` and `\\s` depend on the Unicode version of the regular expression
engine, so the classes are not taken from Python's `unicodedata` but asked, one code point after
another, from the byte-level pre-tokenizer of Hugging Face `tokenizers` itself. Run it again after
an upgrade of `tokenizers`; `--check` tells whether that is needed.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

from tokenizers.pre_tokenizers import ByteLevel

OUTPUT = Path(__file__).resolve().parents[1] / "src" / "unicode_tables.inc"
HEADER = "// Written by tools/make_unicode_tables.py: do not edit.\n"
SURROGATES = range(0xD800, 0xE000)
ROW_WIDTH = 100


def make_classifier() -> Callable[[int], str]:
    """Return the function that maps a code point to its class: L, N, S (white space) or O (other).

    A character continues a word of its own class and of no other: after "a" it is a letter if the
    two stay one word, and so on. White space is what continues none of the three.
    """
    splitter = ByteLevel(add_prefix_space=False)

    def classify(code: int) -> str:
        for char_class, start in (("O", "!"), ("L", "a"), ("N", "1")):
            if len(splitter.pre_tokenize_str(start + chr(code))) == 1:
                return char_class
        return "S"

    return classify


def ranges() -> Iterator[tuple[int, int, str]]:
    """Yield first code point, last code point and class of every run that is not class O."""
    classify = make_classifier()
    codes = (code for code in range(sys.maxunicode + 1) if code not in SURROGATES)
    labelled = ((code, classify(code)) for code in codes)
    for char_class, run in groupby(labelled, key=lambda pair: pair[1]):
        if char_class != "O":
            run_codes = [code for code, _ in run]
            yield run_codes[0], run_codes[-1], char_class


def render() -> str:
    """Return the content of the table file: rows of `{first, last, class},`."""
    lines = [HEADER]
    row = ""
    for first, last, char_class in ranges():
        entry = f"{{0x{first:X}, 0x{last:X}, {char_class}}},"
        if len(row) + 1 + len(entry) > ROW_WIDTH:
            lines.append(row + "\n")
            row = ""
        row = f"{row} {entry}" if row else entry
    lines.append(row + "\n")
    return "".join(lines)


def main() -> int:
    """Write the table, or with `--check` return 1 if the file differs from it."""
    parser = argparse.ArgumentParser(description="write src/unicode_tables.inc")
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    arguments = parser.parse_args()
    content = render()
    if not arguments.check:
        OUTPUT.write_text(content, encoding="ascii")
        return 0
    if OUTPUT.read_text(encoding="ascii") == content:
        return 0
    print(f"{OUTPUT.name} is out of date: run {Path(__file__).name}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
