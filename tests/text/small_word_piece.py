"""A WordPiece vocabulary trained on a few sentences, its special tokens in BERT's places."""

import json

from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.trainers import WordPieceTrainer

from tests.text.small_bpe import SENTENCES

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
MPNET_ROLES = {
    "bos": "<s>",
    "cls": "<s>",
    "pad": "<pad>",
    "eos": "</s>",
    "sep": "</s>",
    "unk": "[UNK]",
    "mask": "<mask>",
}
# as a cased tokenizer of BERT has it
CASED = b'{"do_lower_case": false, "tokenizer_class": "BertTokenizer", "model_max_length": 512}'


def train() -> list[str]:
    """Train pieces in both cases, with and without accents."""
    engine = Tokenizer(WordPiece(unk_token="[UNK]"))
    engine.pre_tokenizer = BertPreTokenizer()
    trainer = WordPieceTrainer(vocab_size=300, special_tokens=[], show_progress=False)
    lower = BertNormalizer(lowercase=True)
    engine.train_from_iterator([*SENTENCES, *map(lower.normalize_str, SENTENCES)] * 3, trainer)
    vocabulary = engine.get_vocab()
    return sorted(vocabulary, key=vocabulary.__getitem__)


def _place_specials(pieces: list[str]) -> list[str]:
    """Put an unused piece between the special tokens, as BERT's own file does."""
    return [SPECIALS[0], "[unused0]", *SPECIALS[1:], *pieces]


PIECES = _place_specials(train())


def bert_files(*, cased: bool | None = None) -> dict[str, bytes]:
    """Give `vocab.txt`, and for a cased tokenizer `tokenizer_config.json`."""
    files = {"vocab.txt": "".join(f"{piece}\n" for piece in PIECES).encode()}
    if cased is not None:
        files["tokenizer_config.json"] = CASED if cased else b"{}"
    return files


def mpnet_files() -> dict[str, bytes]:
    """Give `vocab.txt` with MPNet's special tokens around BERT's, and what names them."""
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *PIECES, "<mask>"]
    config = {
        **{f"{role}_token": piece for role, piece in MPNET_ROLES.items()},
        "do_lower_case": True,
        "tokenizer_class": "MPNetTokenizer",
        "model_max_length": 512,
    }
    return {
        "vocab.txt": "".join(f"{piece}\n" for piece in pieces).encode(),
        "tokenizer_config.json": json.dumps(config).encode(),
    }
