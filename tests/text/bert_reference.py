"""BERT's tokenizer of `transformers`: the reference for ids and for finished inputs."""

from collections.abc import Callable
from pathlib import Path

from transformers import BertTokenizer

Encode = Callable[..., list[list[int]]]


def dictionary_ids(pieces: list[str]) -> list[int]:
    """Give the dictionary's id of each piece of `vocab.txt`, by the rule in words."""
    specials = ["[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"]
    others = [piece for piece in pieces if piece not in specials]
    order = [*specials[:4], *others, specials[4]]
    numbers = {piece: number for number, piece in enumerate(order)}
    return [numbers[piece] for piece in pieces]


def bert_in_transformers(folder: Path) -> Encode:
    """Build texts -> ids of the dictionary; it takes the options of a call in `transformers`."""
    tokenizer = BertTokenizer.from_pretrained(folder, split_special_tokens=True)
    ids = dictionary_ids((folder / "vocab.txt").read_text(encoding="utf-8").split())

    def encode(*texts: list[str], **options: object) -> list[list[int]]:
        batches = tokenizer(*texts, **options)["input_ids"]
        return [[ids[own_id] for own_id in batch] for batch in batches]

    return encode
