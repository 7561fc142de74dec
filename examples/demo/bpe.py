"""A byte-level BPE of the demo's own, numbered as RoBERTa's."""

import json
from collections.abc import Iterator
from pathlib import Path

from tokenizers import ByteLevelBPETokenizer

from pf_fairseq.files import atomic_directory, write_text

SPECIAL_TOKENS = ["<s>", "<pad>", "</s>", "<unk>"]
MASK_TOKEN = "<mask>"


def train_bpe(sentences: Iterator[str], folder: Path, *, vocab_size: int) -> None:
    """Train on `sentences` and write `vocab.json` and `merges.txt` into `folder`.

    `<s> <pad> </s> <unk>` are 0..3, the pieces follow, and `<mask>` is last.
    """
    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator(
        sentences,
        vocab_size=vocab_size - 1,
        special_tokens=SPECIAL_TOKENS,
        show_progress=False,
    )
    with atomic_directory(folder) as temporary:
        tokenizer.save_model(str(temporary))
        vocabulary = json.loads((temporary / "vocab.json").read_text(encoding="utf-8"))
        vocabulary[MASK_TOKEN] = len(vocabulary)
        write_text(temporary / "vocab.json", json.dumps(vocabulary, ensure_ascii=False))
