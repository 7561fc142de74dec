"""Python's strings may hold what no text does: lone surrogates."""

from collections.abc import Sequence

from pf_fairseq.errors import InputError


def check_characters(texts: Sequence[str]) -> None:
    """Refuse a text that UTF-8 cannot hold.

    Raises:
        InputError: naming the text (from 1) and the character.
    """
    for number, text in enumerate(texts, start=1):
        if not text.isascii():
            try:
                text.encode("utf-8")
            except UnicodeEncodeError as error:
                raise InputError(
                    f"Text {number} holds a lone surrogate at character {error.start + 1}, which "
                    "UTF-8 cannot hold; decode the text properly first."
                ) from error
