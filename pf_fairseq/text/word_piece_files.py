"""The files of a WordPiece tokenizer: its vocabulary and, if at hand, its options."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pf_fairseq.errors import InputError
from pf_fairseq.text.dictionary import MASK_SYMBOL, SPECIAL_SYMBOLS, UNK_ID
from pf_fairseq.text.special_pieces import SpecialPieces
from pf_fairseq.text.tokenizer_config import read_config, read_flag

VOCABULARY_NAME = "vocab.txt"
UNKNOWN_PIECE = "[UNK]"
# The two ways in which vocabularies name their special tokens: MPNet's and BERT's.
ANGLED = SpecialPieces("<s>", "<pad>", "</s>", UNKNOWN_PIECE, "<mask>")
SQUARE = SpecialPieces("[CLS]", "[PAD]", "[SEP]", UNKNOWN_PIECE, "[MASK]")
UNKNOWN_SYMBOL = SPECIAL_SYMBOLS[UNK_ID]


@dataclass(frozen=True)
class WordPieceOptions:
    """What `tokenizer_config.json` says about the text before it is cut into pieces.

    Args:
        do_lower_case: lower the case of every character.
        strip_accents: take accents off; none: if the case is lowered.
        tokenize_chinese_chars: make each Chinese character a word of its own.
    """

    do_lower_case: bool = True
    strip_accents: bool | None = None
    tokenize_chinese_chars: bool = True


def read_pieces(content: bytes, special: SpecialPieces | None = None) -> list[str]:
    r"""Read the pieces of `vocab.txt`; lines end in `\n` or `\r\n`.

    Args:
        content: of the file.
        special: what it calls the special tokens; None: `special_pieces_among` it.

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
    special = special or special_pieces_among(pieces)
    _check_lines(pieces, special)
    missing = sorted({str(piece) for piece in special}.difference(pieces))
    if missing:
        raise InputError(
            f"`{VOCABULARY_NAME}` must hold {', '.join(map(str, special[:-1]))} and "
            f"{special.mask}, but its {len(pieces)} lines lack {', '.join(missing)}; "
            "take the file of a pretrained model."
        )
    return pieces


def special_pieces_among(pieces: Iterable[str]) -> SpecialPieces:
    """Tell which names of special tokens a vocabulary has: MPNet's if all are there, or BERT's.

    MPNet's vocabulary holds BERT's names as well, which are ordinary pieces of it.
    """
    return ANGLED if set(ANGLED).issubset(pieces) else SQUARE


def special_symbols(pieces: Iterable[str], special: SpecialPieces) -> dict[str, str]:
    """Which symbols of a fairseq dictionary take the place of which pieces.

    A piece `<unk>` beside the unknown piece `[UNK]`, as MPNet's vocabulary has it, can be no line
    of a `dict.txt`. So it gets the symbol `<unk>` itself, and `[UNK]` a line of its own: then all
    of MPNet's ids stay as they are.
    """
    symbols = {
        str(piece): symbol
        for piece, symbol in zip(special, (*SPECIAL_SYMBOLS, MASK_SYMBOL), strict=True)
    }
    if special.bos == ANGLED.bos and special.unk != UNKNOWN_SYMBOL and UNKNOWN_SYMBOL in pieces:
        del symbols[str(special.unk)]
        symbols[UNKNOWN_SYMBOL] = UNKNOWN_SYMBOL
    return symbols


def has_capitals(pieces: Iterable[str]) -> bool:
    """Whether a vocabulary tells `The` from `the`; names in brackets are no text."""
    return any(piece != piece.lower() for piece in pieces if not piece.startswith(("[", "<")))


def _check_lines(pieces: Sequence[str], special: SpecialPieces) -> None:
    symbols = {*SPECIAL_SYMBOLS, MASK_SYMBOL} - set(special_symbols(pieces, special))
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
                f"{problem}; take the file of a pretrained model."
            )
        lines[piece] = number


def read_options(content: bytes) -> WordPieceOptions:
    """Read `tokenizer_config.json`; what it leaves out is as BERT's own default has it.

    Raises:
        InputError: if it is not a JSON object, or an option is not true or false.
    """
    config = read_config(content)
    options = WordPieceOptions()
    return WordPieceOptions(
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
