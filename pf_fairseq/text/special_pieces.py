"""What a tokenizer's own files call the five special tokens."""

from typing import NamedTuple

from pf_fairseq.errors import InputError


class SpecialPieces(NamedTuple):
    """Texts of the special tokens in a tokenizer's files; None where a file has none.

    `bos` opens every input (BERT's `[CLS]`), `eos` ends each text (`[SEP]`), `pad` fills up, `unk`
    stands for what no piece spells, and `mask` is what pretraining guesses.
    """

    bos: str | None
    pad: str | None
    eos: str | None
    unk: str | None
    mask: str | None


def check_special_pieces(name: str, found: SpecialPieces, wanted: SpecialPieces | None) -> None:
    """Refuse a file whose special tokens are not those that it is said to have.

    Args:
        name: of the file.
        found: its own.
        wanted: what an archive says of it; None: nothing.

    Raises:
        InputError: naming both.
    """
    if wanted is not None and found != wanted:
        raise InputError(
            f"`{name}` must call the special tokens {_listed(wanted)}, but calls them "
            f"{_listed(found)}; take the file that belongs to the model."
        )


def _listed(pieces: SpecialPieces) -> str:
    return " ".join("(none)" if piece is None else piece for piece in pieces)
