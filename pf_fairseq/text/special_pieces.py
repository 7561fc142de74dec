"""What a tokenizer's own files call the five special tokens."""

from typing import NamedTuple


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
