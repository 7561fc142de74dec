"""fairseq's own GPT-2 encoder and dictionary, the reference for every id."""

from collections.abc import Callable
from pathlib import Path

import pytest

Encode = Callable[[str], list[int]]


def fairseq_encoder(folder: Path) -> Encode:
    """Build text -> ids out of fairseq's own parts and the three files in `folder`."""
    from fairseq.data import Dictionary
    from fairseq.data.encoders.gpt2_bpe_utils import get_encoder

    encoder = get_encoder(str(folder / "encoder.json"), str(folder / "vocab.bpe"))
    dictionary = Dictionary.load(str(folder / "dict.txt"))

    def encode(text: str) -> list[int]:
        line = " ".join(map(str, encoder.encode(text)))
        ids = dictionary.encode_line(line, append_eos=False, add_if_not_exist=False)
        return [int(number) for number in ids]

    return encode


@pytest.fixture(scope="session")
def roberta_dir(tokenizers_dir: Path) -> Path:
    """Folder of GPT-2's encoder files and RoBERTa's dictionary."""
    return tokenizers_dir / "roberta"


@pytest.fixture(scope="session")
def reference_encode(roberta_dir: Path) -> Encode:
    """Text -> ids, by fairseq."""
    return fairseq_encoder(roberta_dir)
