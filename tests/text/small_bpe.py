"""A byte-level BPE trained on a few sentences, in both file layouts."""

import json
import random
from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer

SPECIALS = ["<s>", "<pad>", "</s>", "<unk>"]
SENTENCES = [
    "A quiet film that grows on you, scene after scene.",
    "The plot isn't worth the popcorn; we've seen it all before!",
    "She'll sing, they'd dance, and I'm told it's over at 9:45.",
    "Das Büro öffnet früh, naïve Gäste kommen später.",
    "Привет, мир! Мы смотрели фильм 3 раза.",
]


def train() -> tuple[list[str], list[tuple[str, str]]]:
    """Train 400 pieces; returns them in order, and the merges."""
    engine = Tokenizer(BPE())
    engine.pre_tokenizer = ByteLevel(add_prefix_space=False)
    trainer = BpeTrainer(vocab_size=400, initial_alphabet=ByteLevel.alphabet(), show_progress=False)
    engine.train_from_iterator(SENTENCES * 3, trainer)
    vocabulary = engine.get_vocab()
    merges = [tuple(merge) for merge in json.loads(engine.to_str())["model"]["merges"]]
    return sorted(vocabulary, key=vocabulary.__getitem__), merges


PIECES, MERGES = train()


def _merges_text() -> bytes:
    lines = ["#version: 0.2", *(" ".join(merge) for merge in MERGES)]
    return "".join(f"{line}\n" for line in lines).encode()


def dictionary_order() -> list[int]:
    """Order of the pieces' numbers in `dict.txt`: shuffled, as frequency would."""
    order = list(range(len(PIECES)))
    random.Random(0).shuffle(order)
    return order


def fairseq_files() -> dict[str, bytes]:
    """Give `encoder.json`, `vocab.bpe` and a `dict.txt` in another order."""
    return {
        "encoder.json": json.dumps({piece: own_id for own_id, piece in enumerate(PIECES)}).encode(),
        "vocab.bpe": _merges_text(),
        "dict.txt": "".join(f"{own_id} 7\n" for own_id in dictionary_order()).encode(),
    }


def hugging_face_files() -> dict[str, bytes]:
    """Give `vocab.json` and `merges.txt` of the same model: the same text, the same ids."""
    symbols = [*SPECIALS, *(PIECES[own_id] for own_id in dictionary_order()), "<mask>"]
    return {
        "vocab.json": json.dumps(
            {symbol: number for number, symbol in enumerate(symbols)}
        ).encode(),
        "merges.txt": _merges_text(),
    }


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    """Write the files into a folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder
