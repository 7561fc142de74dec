"""Write src/bert_classes.inc: the classes of characters that BERT's tokenizer tells apart.

Which characters count as white space, controls, Chinese or punctuation depends on the Unicode
tables that Hugging Face `tokenizers` was built with. So every code point is asked, one after
another, from its BertNormalizer and BertPreTokenizer. Run it again after an upgrade of
`tokenizers`; `--check` tells whether that is needed.
"""

import sys
from pathlib import Path

from table_file import SOURCES, lay_out, runs, write_or_check
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

normalizer = BertNormalizer(
    clean_text=True, handle_chinese_chars=True, strip_accents=False, lowercase=False
)


splitter = BertPreTokenizer()


def classify(code: int) -> str | None:
    """Return what happens to a character, or none if it stays within its word."""
    character = chr(code)
    classes = {"": "kRemoved", " ": "kSpace", f" {character} ": "kChinese"}
    char_class = classes.get(normalizer.normalize_str(character))
    if char_class is not None:
        return char_class
    n_pieces = len(splitter.pre_tokenize_str(f"a{character}a"))
    assert n_pieces in (1, 3), f"U+{code:04X} splits words, but is no white space"
    return "kPunctuation" if n_pieces == 3 else None


def render() -> str:
    """Return the rows of the table: `{first, last, class},`."""
    rows = (f"{{0x{first:X}, 0x{last:X}, {kind}}}," for first, last, kind in runs(classify))
    return lay_out(rows)


if __name__ == "__main__":
    sys.exit(write_or_check(Path(__file__).name, SOURCES / "bert_classes.inc", render))
