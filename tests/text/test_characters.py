"""Lone surrogates are found wherever they stand."""

import pytest

from pf_fairseq.errors import InputError
from pf_fairseq.text.characters import check_characters


def test_every_other_character_is_fine() -> None:
    check_characters(["", "plain", "\ud7ff\ue000\U0010ffff", "\x00"])


@pytest.mark.parametrize("surrogate", ["\ud800", "\udfff"])
def test_lone_surrogate_is_refused(surrogate: str) -> None:
    with pytest.raises(InputError, match="Text 2 holds a lone surrogate at character 3, which"):
        check_characters(["fine", f"no{surrogate}"])
