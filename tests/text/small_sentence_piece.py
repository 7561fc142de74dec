"""Sentencepiece models trained on a few sentences, with ALBERT's special pieces and without."""

import io
from typing import Any

from sentencepiece import SentencePieceTrainer

SENTENCES = [
    "A quiet film that grows on you, scene after scene (and not only once).",
    "The plot isn't worth the popcorn; we've seen it all before!",
    "They paid 9,000 in 1999, and 12, or 13, in 2001 - not more.",
    "Das Buro offnet fruh, naive Gaste kommen spater.",
]
SPECIALS = ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"]
CASED = b'{"do_lower_case": false, "keep_accents": true, "tokenizer_class": "AlbertTokenizer"}'
ALBERT = {
    "unk_id": 1,
    "pad_id": 0,
    "bos_id": -1,
    "eos_id": -1,
    "control_symbols": SPECIALS[2:],
    "user_defined_symbols": ["(", ")", "-", "."],
}
PLAIN = {"unk_id": 0, "bos_id": 1, "eos_id": 2, "pad_id": -1}  # what the trainer does by default


def train(**options: object) -> bytes:
    """Train a model of about 120 pieces; `options` are the trainer's."""
    model = io.BytesIO()
    lower = [sentence.lower() for sentence in SENTENCES]
    settings: dict[str, Any] = {
        "vocab_size": 120,
        "hard_vocab_limit": False,
        "minloglevel": 2,
        "num_threads": 1,
    }
    SentencePieceTrainer.train(
        sentence_iterator=iter([*SENTENCES, *lower] * 5),
        model_writer=model,
        **{**settings, **options},
    )
    return model.getvalue()


MODEL = train(**ALBERT)


def albert_files(*, cased: bool = False) -> dict[str, bytes]:
    """Give a model as ALBERT's are, for a cased tokenizer with `tokenizer_config.json`."""
    return {"spiece.model": MODEL, **({"tokenizer_config.json": CASED} if cased else {})}
