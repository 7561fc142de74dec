"""The files of a BERT tokenizer: its vocabulary (one piece a line) and, if at hand, its options."""

from collections.abc import Iterable
from dataclasses import dataclass

from pf_fairseq.errors import InputError
from pf_fairseq.text.dictionary import MASK_SYMBOL, SPECIAL_SYMBOLS
from pf_fairseq.text.tokenizer_config import read_config, read_flag

VOCABULARY_NAME = "vocab.txt"
UNKNOWN_PIECE = "[UNK]"
# BERT's special tokens in the order of the dictionary symbols that take their place
SPECIAL_PIECES = ("[CLS]", "[PAD]", "[SEP]", UNKNOWN_PIECE)
MASK_PIECE = "[MASK]"


@dataclass(frozen=True)
class BertOptions:
    """What `tokenizer_config.json` says about the text before it is cut into pieces.

    Args:
        do_lower_case: lower the case of every character.
        strip_accents: take accents off; none: if the case is lowered.
        tokenize_chinese_chars: make each Chinese character a word of its own.
    """

    do_lower_case: bool = True
    strip_accents: bool | None = None
    tokenize_chinese_chars: bool = True


def read_pieces(content: bytes) -> list[str]:
    r"""Read the pieces of `vocab.txt`; lines end in `\n` or `\r\n`.

    Raises:
        InputError: if a line is empty, stands there twice or cannot be a symbol of a `dict.txt`,
            or if a special token is missing.
    """
    try:
        lines = content.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise InputError(f"`{VOCABULARY_NAME}` is not UTF-8 (byte {error.start}).") from error
    if lines[-1] == "":  # what follows the last line break
        lines.pop()
    pieces = [line.removesuffix("\r") for line in lines]
    _check_lines(pieces)
    missing = sorted({*SPECIAL_PIECES, MASK_PIECE}.difference(pieces))
    if missing:
        raise InputError(
            f"`{VOCABULARY_NAME}` must hold {', '.join(SPECIAL_PIECES)} and {MASK_PIECE}, but its "
            f"{len(pieces)} lines lack {', '.join(missing)}; take the file of a BERT model."
        )
    return pieces


def _check_lines(pieces: Iterable[str]) -> None:
    symbols = {*SPECIAL_SYMBOLS, MASK_SYMBOL}
    lines: dict[str, int] = {}
    for number, piece in enumerate(pieces, start=1):
        problem = None
        if not piece:
            problem = "is empty"
        elif any(character.isspace() for character in piece):
            problem = f"has white space in it ({piece!r})"
        elif piece in symbols:
            problem = f"is {piece}, which fairseq's dictionary has as a special symbol"
        elif piece in lines:
            problem = f"repeats line {lines[piece]} ({piece!r})"
        if problem is not None:
            raise InputError(
                f"`{VOCABULARY_NAME}`, line {number}, must be a piece that no other line has, but "
                f"{problem}; take the file of a BERT model."
            )
        lines[piece] = number


def read_options(content: bytes) -> BertOptions:
    """Read `tokenizer_config.json`; what it leaves out is as BERT's own default has it.

    Raises:
        InputError: if it is not a JSON object, or an option is not true or false.
    """
    config = read_config(content)
    options = BertOptions()
    return BertOptions(
        do_lower_case=read_flag(config, "do_lower_case", options.do_lower_case),
        strip_accents=(
            None
            if config.get("strip_accents") is None
            else read_flag(config, "strip_accents", True)
        ),
        tokenize_chinese_chars=read_flag(
            config, "tokenize_chinese_chars", options.tokenize_chinese_chars
        ),
    )
