"""Write src/unicode_tables.inc: the character classes of GPT-2's word pattern.

The pattern's `\\p{L}`, `\\p{N}` and `\\s` depend on the Unicode version of the regular expression
engine, so the classes are not taken from Python's `unicodedata` but asked, one code point after
another, from the byte-level pre-tokenizer of Hugging Face `tokenizers` itself. Run it again after
an upgrade of `tokenizers`; `--check` tells whether that is needed.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from table_file import SOURCES, lay_out, runs, write_or_check
from tokenizers.pre_tokenizers import ByteLevel


def make_classifier() -> Callable[[int], str | None]:
    """Return the function that maps a code point to L, N, S (white space) or none (other).

    A character continues a word of its own class and of no other: after "a" it is a letter if the
    two stay one word, and so on. White space is what continues none of the three.
    """
    splitter = ByteLevel(add_prefix_space=False)

    def classify(code: int) -> str | None:
        for char_class, start in ((None, "!"), ("L", "a"), ("N", "1")):
            if len(splitter.pre_tokenize_str(start + chr(code))) == 1:
                return char_class
        return "S"

    return classify


def render() -> str:
    """Return the rows of the table: `{first, last, class},`."""
    table = runs(make_classifier())
    return lay_out(f"{{0x{first:X}, 0x{last:X}, {kind}}}," for first, last, kind in table)


if __name__ == "__main__":
    sys.exit(write_or_check(Path(__file__).name, SOURCES / "unicode_tables.inc", render))
