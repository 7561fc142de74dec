"""Write src/normalization_tables.inc: decompositions, combining classes, marks and lower case.

`tokenizers` normalises by tables of an older Unicode version than Python's `unicodedata`, and
lowers case by those of a newer one. So every code point is asked, one after another, from the
normalizers of Hugging Face `tokenizers` itself. Run it again after an upgrade of `tokenizers`;
`--check` tells whether that is needed.
"""

import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

from table_file import SOURCES, code_points, lay_out, runs, write_or_check
from tokenizers.normalizers import NFD, NFKD, BertNormalizer, Lowercase, StripAccents

HANGUL = range(0xAC00, 0xD7A4)  # decomposed by a formula
TWO_LOWER = 0x130  # the only character whose lower case is two, in the C++ code by name

strip_nonspacing = BertNormalizer(
    clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False
)


class Pool:
    """One text that holds every decomposition; equal ones share their place."""

    def __init__(self) -> None:
        self.text = ""

    def place(self, text: str) -> int:
        """Return where `text` stands, after it was appended if it was not there yet."""
        found = self.text.find(text)
        if found < 0:
            found = len(self.text)
            self.text += text
        return found


def decompositions(decompose: Callable[[str], str], pool: Pool, skip: set[int]) -> Iterator[str]:
    """Yield rows `{first, last, offset, length}`: neighbours of one length share a row."""
    run: list[tuple[int, str]] = []
    for code in [*code_points(), -1]:
        text = decompose(chr(code)) if code >= 0 and code not in skip else None
        if run and (text is None or code != run[-1][0] + 1 or len(text) != len(run[0][1])):
            offset = pool.place("".join(each for _, each in run))
            yield f"{{0x{run[0][0]:X}, 0x{run[-1][0]:X}, {offset}, {len(run[0][1])}}},"
            run = []
        if text is not None and text != chr(code):
            run.append((code, text))


def make_combining_class() -> Callable[[int], str | None]:
    """Return the function that maps a code point to its combining class, or to none if it is 0.

    Two marks change places if the class of the first is the larger one. The classes' numbers are
    Python's, of one mark for each that both know; which class a mark has is seen by its places.
    """
    reorder = NFD().normalize_str

    def swaps(first: str, second: str) -> bool:
        return first != second and reorder(f"a{first}{second}") == f"a{second}{first}"

    marks: dict[int, str] = {}
    for mark in map(chr, code_points()):
        known = unicodedata.combining(mark) and reorder(mark) == mark
        if known and (swaps("\u0345", mark) or swaps(mark, "\u0334")):
            marks.setdefault(unicodedata.combining(mark), mark)

    def combining_class(code: int) -> str | None:
        mark = chr(code)
        if reorder(mark) != mark or not (swaps("\u0345", mark) or swaps(mark, "\u0334")):
            return None
        alike = [
            number
            for number, other in marks.items()
            if not swaps(mark, other) and not swaps(other, mark)
        ]
        assert len(alike) == 1, f"U+{code:04X} has a combining class of its own"
        return str(alike[0])

    return combining_class


def mark_class(code: int) -> str | None:
    """Tell nonspacing marks (Mn) from the other ones."""
    is_nonspacing = strip_nonspacing.normalize_str(chr(code)) == ""
    is_mark = StripAccents().normalize_str(chr(code)) == ""
    assert is_mark or not is_nonspacing
    return "kNonspacing" if is_nonspacing else "kOtherMark" if is_mark else None


def lower_case() -> Iterator[str]:
    """Yield rows `{first, last, step, offset}`: every `step`th character is lowered by `offset`."""
    lower = Lowercase().normalize_str
    changed = [code for code in code_points() if lower(chr(code)) != chr(code)]
    assert [code for code in changed if len(lower(chr(code))) > 1] == [TWO_LOWER]
    changed.remove(TWO_LOWER)
    pairs = ((code, ord(lower(chr(code))) - code) for code in changed)
    run: list[int] = []
    step = offset = 0
    for code, distance in [*pairs, (0, 0)]:
        if len(run) == 1:
            step = 2 if code - run[0] == 2 else 1
        if run and (distance != offset or code - run[-1] != step):
            yield f"{{0x{run[0]:X}, 0x{run[-1]:X}, {step if len(run) > 1 else 1}, {offset}}},"
            run = []
        offset = distance
        run.append(code)


def array(declaration: str, rows: Iterator[str]) -> str:
    """Define an array of rows."""
    return f"constexpr {declaration}[] = {{\n{lay_out(rows)}}};\n"


def table(declaration: str, classify: Callable[[int], str | None]) -> str:
    """Define an array of runs of one class."""
    rows = (f"{{0x{first:X}, 0x{last:X}, {kind}}}," for first, last, kind in runs(classify))
    return array(declaration, rows)


def render() -> str:
    """Return the definitions of the arrays."""
    nfd, nfkd, pool = NFD().normalize_str, NFKD().normalize_str, Pool()
    equal = {code for code in code_points() if nfd(chr(code)) == nfkd(chr(code))}
    canonical = array("Decomposed kCanonical", decompositions(nfd, pool, set(HANGUL)))
    compatible = array("Decomposed kCompatible", decompositions(nfkd, pool, equal))
    pool_rows = (f"0x{ord(each):X}," for each in pool.text)
    return "".join(
        (
            canonical,
            compatible,
            array("char32_t kPool", pool_rows),
            table("Combining kCombining", make_combining_class()),
            table("Mark kMarks", mark_class),
            array("Lower kLower", lower_case()),
        )
    )


if __name__ == "__main__":
    sys.exit(write_or_check(Path(__file__).name, SOURCES / "normalization_tables.inc", render))
