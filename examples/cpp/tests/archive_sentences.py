"""Sentences for the C++ tests, and tokenizers trained on them."""

import io
import json
import random

from sentencepiece import SentencePieceTrainer
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.models import WordPiece as WordPieceModel
from tokenizers.pre_tokenizers import BertPreTokenizer, ByteLevel
from tokenizers.trainers import BpeTrainer, WordPieceTrainer

from pf_fairseq.text.byte_level_bpe import ByteLevelBpe
from pf_fairseq.text.dictionary import MASK_SYMBOL, SPECIAL_SYMBOLS
from pf_fairseq.text.sentence_piece import SentencePiece
from pf_fairseq.text.word_piece import WordPiece

N_PIECES = 420  # the 256 bytes and some merges

_SUBJECTS = ("the film", "this story", "a quiet drama", "her second novel", "the ending")
_VERBS = ("is", "isn't", "never feels", "they've called it", "I'd say it's")
_JUDGEMENTS = ("a delight", "dull and much too long", "warm", "nothing new", "worth 12 euros")
_ODD_TEXTS = (
    "x",
    " ",
    "  two  spaces and a tab-free   end  ",
    "don't we'll you're I'M 'tis rock 'n' roll",
    "caf\u00e9 na\u00efve \u00fcber \u65e5\u672c\u8a9e \u0627\u0644\u0641\u064a\u0644\u0645",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 e\u0301 \u00bd \u0664\u0662",
    "\u00a0\u2003non-breaking\u3000ideographic\u200bzero-width",
    "<s> </s> <pad> <mask> are plain text",
    "!?!... --- 3.14159 :-)",
    "a long sentence " * 12,
)

TEXTS = [
    *(f"{s} {v} {j}" for s in _SUBJECTS for v in _VERBS for j in _JUDGEMENTS[:3]),
    *_ODD_TEXTS,
]
PAIRS = [
    ("the film is warm", "this story is warm"),
    ("the ending isn't new", "nothing in the ending is new"),
    ("short", "a long sentence " * 12),
    ("a long sentence " * 12, "short"),
    ("a long sentence " * 12, "another long one " * 12),
    ("x", " "),
    ("\u00e9", "\U0001f600"),
    ("<s> </s> <pad> <mask> are", "[UNK] <unk> plain text"),
]

_TRAINING_TEXTS = [
    f"{s} {v} {j}, they said. " for s in _SUBJECTS for v in _VERBS for j in _JUDGEMENTS
]


def byte_level_bpe(fairseq_files: bool) -> ByteLevelBpe:
    """Train a byte-level BPE.

    Args:
        fairseq_files: give it as `encoder.json`, `vocab.bpe` and a `dict.txt` in another order,
            instead of `vocab.json` and `merges.txt`.
    """
    engine = Tokenizer(BPE())
    engine.pre_tokenizer = ByteLevel(add_prefix_space=False)
    trainer = BpeTrainer(
        vocab_size=N_PIECES, initial_alphabet=ByteLevel.alphabet(), show_progress=False
    )
    engine.train_from_iterator(_TRAINING_TEXTS, trainer)
    model = json.loads(engine.to_str())["model"]
    pieces = sorted(model["vocab"], key=model["vocab"].__getitem__)
    lines = ("#version: 0.2", *(" ".join(merge) for merge in model["merges"]))
    merges = "".join(f"{line}\n" for line in lines).encode()
    if not fairseq_files:
        vocabulary = _number([*SPECIAL_SYMBOLS, *pieces, MASK_SYMBOL])
        return ByteLevelBpe({"vocab.json": vocabulary, "merges.txt": merges})
    order = [str(number) for number in range(len(pieces))]
    random.Random(0).shuffle(order)
    dictionary = "".join(f"{own_id} 1\n" for own_id in order).encode()
    vocabulary = _number([*pieces, "<|endoftext|>"])
    return ByteLevelBpe({"encoder.json": vocabulary, "vocab.bpe": merges, "dict.txt": dictionary})


def sentence_piece() -> SentencePiece:
    """Train a sentencepiece model with the special pieces and user symbols of ALBERT's."""
    model = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(_TRAINING_TEXTS),
        model_writer=model,
        vocab_size=150,
        hard_vocab_limit=False,
        pad_id=0,
        unk_id=1,
        bos_id=-1,
        eos_id=-1,
        control_symbols=["[CLS]", "[SEP]", "[MASK]"],
        user_defined_symbols=["(", ")", "-", "."],
        num_threads=1,
        minloglevel=2,
    )
    return SentencePiece({"spiece.model": model.getvalue()})


def word_piece() -> WordPiece:
    """Train a WordPiece that keeps upper case, its special tokens in BERT's places."""
    pieces = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *_train_word_pieces(114)]
    return _word_piece(pieces, b'{"do_lower_case": false, "model_max_length": 512}')


def mpnet_word_piece() -> WordPiece:
    """Train a WordPiece with the special tokens of MPNet, and none of BERT's but the unknown."""
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "[UNK]", *_train_word_pieces(114), "<mask>"]
    return _word_piece(pieces, b'{"do_lower_case": true, "tokenizer_class": "MPNetTokenizer"}')


def _train_word_pieces(n_pieces: int) -> list[str]:
    engine = Tokenizer(WordPieceModel(unk_token="[UNK]"))
    engine.pre_tokenizer = BertPreTokenizer()
    trainer = WordPieceTrainer(vocab_size=n_pieces, special_tokens=[], show_progress=False)
    engine.train_from_iterator([*_TRAINING_TEXTS, *_ODD_TEXTS[:5]], trainer)
    vocabulary = engine.get_vocab()
    return sorted(vocabulary, key=vocabulary.__getitem__)


def _word_piece(pieces: list[str], config: bytes) -> WordPiece:
    vocabulary = "".join(f"{piece}\n" for piece in pieces).encode()
    return WordPiece({"vocab.txt": vocabulary, "tokenizer_config.json": config})


def _number(pieces: list[str]) -> bytes:
    return json.dumps({piece: number for number, piece in enumerate(pieces)}).encode()
