"""A WordPiece vocabulary trained on a few sentences, its special tokens in BERT's places."""

from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.trainers import WordPieceTrainer

from tests.text.small_bpe import SENTENCES

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
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
