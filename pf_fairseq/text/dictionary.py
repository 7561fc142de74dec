"""fairseq's `dict.txt`: the rules by which its lines become token ids."""

import io
from collections.abc import Iterable

from pf_fairseq.errors import InputError

BOS_ID, PAD_ID, EOS_ID, UNK_ID = range(4)
SPECIAL_SYMBOLS = ("<s>", "<pad>", "</s>", "<unk>")  # ids 0..3 of every dictionary
MASK_SYMBOL = "<mask>"  # appended by the task `sentence_prediction`
DICTIONARY_NAME = "dict.txt"


def read_dictionary(text: str) -> dict[str, int]:
    """Map each symbol of a `dict.txt` to its id, as `sentence_prediction` numbers them.

    The special symbols come first, then the lines (`symbol count`), then the mask symbol unless
    a line names it. Source: `fairseq.data.Dictionary.add_from_file`.

    Raises:
        InputError: if a line is not `symbol count` or names a symbol a second time.
    """
    ids = {symbol: index for index, symbol in enumerate(SPECIAL_SYMBOLS)}
    # universal newlines, because fairseq opens the file as text
    for number, line in enumerate(io.StringIO(text, newline=None), start=1):
        symbol, _, count = line.rstrip().rpartition(" ")
        if not symbol or not count.isdecimal():
            raise InputError(
                f"`{DICTIONARY_NAME}`, line {number}, must be `symbol count`, but is "
                f"{line.rstrip()!r} instead; use fairseq's own file."
            )
        if symbol in ids:
            raise InputError(
                f"`{DICTIONARY_NAME}`, line {number}, names {symbol!r}, which is there already; "
                "fairseq adds the special symbols itself and takes each other one once."
            )
        ids[symbol] = len(ids)
    ids.setdefault(MASK_SYMBOL, len(ids))
    return ids


def format_dictionary(symbols: Iterable[str]) -> str:
    """Write `symbols` as the text of a `dict.txt`, in order, special symbols left out."""
    return "".join(f"{symbol} 1\n" for symbol in symbols)
