"""GPT-2's byte-level BPE as RoBERTa uses it, through Hugging Face `tokenizers`."""

from collections.abc import Mapping, Sequence

from tokenizers import Tokenizer as Engine
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel

from pf_fairseq.errors import InputError
from pf_fairseq.text.bpe_files import read_merges, read_vocabulary, text_pieces
from pf_fairseq.text.characters import check_characters
from pf_fairseq.text.dictionary import (
    BOS_ID,
    DICTIONARY_NAME,
    EOS_ID,
    MASK_SYMBOL,
    PAD_ID,
    SPECIAL_SYMBOLS,
    UNK_ID,
    format_dictionary,
    read_dictionary,
)
from pf_fairseq.text.inputs import InputLayout
from pf_fairseq.text.special_pieces import SpecialPieces, check_special_pieces

FAIRSEQ_FILES = ("encoder.json", "vocab.bpe", DICTIONARY_NAME)
HUGGING_FACE_FILES = ("vocab.json", "merges.txt")


class ByteLevelBpe:
    """Byte-level BPE whose ids are those of fairseq's GPT-2 encoder followed by its dictionary.

    Strings like `<s>` in a text are plain text: no special token can be written by a user.

    Args:
        files: contents of `encoder.json`, `vocab.bpe` and `dict.txt`, whose lines name the
            encoder's ids; or of `vocab.json` and `merges.txt`, whose ids are kept.
        special_pieces: what the vocabulary calls the special tokens: fairseq's names, or nothing.

    Raises:
        InputError: if the files do not fit together.
    """

    kind = "roberta"
    file_sets = (FAIRSEQ_FILES, HUGGING_FACE_FILES)
    bos_id, pad_id, eos_id, unk_id = BOS_ID, PAD_ID, EOS_ID, UNK_ID

    def __init__(
        self, files: Mapping[str, bytes], special_pieces: SpecialPieces | None = None
    ) -> None:
        self.files = dict(files)
        self._from_fairseq = DICTIONARY_NAME in files
        vocabulary_name, merges_name = (
            FAIRSEQ_FILES[:2] if self._from_fairseq else HUGGING_FACE_FILES
        )
        vocabulary = read_vocabulary(vocabulary_name, files[vocabulary_name])
        merges = read_merges(merges_name, files[merges_name])
        pieces = text_pieces(vocabulary, merges, vocabulary_name=vocabulary_name)
        self._dictionary_text = (
            _decode(DICTIONARY_NAME, files[DICTIONARY_NAME])
            if self._from_fairseq
            else _dictionary_of(vocabulary)
        )
        ids = read_dictionary(self._dictionary_text)
        self.vocab_size = len(ids)
        self.mask_id = ids[MASK_SYMBOL]
        self.special_pieces = SpecialPieces(
            *(
                symbol if symbol in vocabulary else None
                for symbol in (*SPECIAL_SYMBOLS, MASK_SYMBOL)
            )
        )
        check_special_pieces(vocabulary_name, self.special_pieces, special_pieces)
        self.token_id_map = _map_ids(vocabulary, pieces, ids) if self._from_fairseq else None
        self._engine = Engine(BPE(vocab=vocabulary, merges=merges))
        self._engine.pre_tokenizer = ByteLevel(add_prefix_space=False)

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Encode each text into dictionary ids, without special tokens.

        Raises:
            InputError: if a text holds a lone surrogate, which is no character.
        """
        check_characters(texts)
        encodings = self._engine.encode_batch_fast(list(texts), add_special_tokens=False)
        if self.token_id_map is None:
            return [encoding.ids for encoding in encodings]
        dictionary_id = self.token_id_map.__getitem__
        return [list(map(dictionary_id, encoding.ids)) for encoding in encodings]

    def dictionary_text(self) -> str:
        """Give the content of `input0/dict.txt`."""
        return self._dictionary_text

    def layout(self, pair: bool) -> InputLayout:
        """Give RoBERTa's layout: `<s> a </s>`, or `<s> a </s> </s> b </s>`."""
        return InputLayout(self.bos_id, self.eos_id, self.eos_id if pair else None)


def _map_ids(vocabulary: dict[str, int], pieces: set[str], ids: dict[str, int]) -> list[int]:
    """Map each id of the encoder to the dictionary's id of its decimal number."""
    missing = sorted(vocabulary[piece] for piece in pieces if str(vocabulary[piece]) not in ids)
    if missing:
        raise InputError(
            f"`{DICTIONARY_NAME}` must name every id of `encoder.json` that text can give, but "
            f"lacks {len(missing)} of {len(pieces)}, the first being {missing[0]}; take both "
            "files from one model."
        )
    # ids that text cannot give (`<|endoftext|>`) may be absent
    return [ids.get(str(own_id), UNK_ID) for own_id in range(len(vocabulary))]


def _dictionary_of(vocabulary: dict[str, int]) -> str:
    """Write a `dict.txt` under which each piece keeps its id of `vocab.json`."""
    symbols = sorted(vocabulary, key=vocabulary.__getitem__)
    n_special = len(SPECIAL_SYMBOLS)
    if tuple(symbols[:n_special]) != SPECIAL_SYMBOLS or symbols[-1] != MASK_SYMBOL:
        raise InputError(
            f"`vocab.json` must number {' '.join(SPECIAL_SYMBOLS)} as 0..3 and {MASK_SYMBOL} "
            f"last, but starts with {' '.join(symbols[:n_special])} and ends "
            f"in {symbols[-1]}; take those of one model, or encoder.json + vocab.bpe + dict.txt."
        )
    return format_dictionary(symbols[n_special:-1])


def _decode(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"`{name}` is not UTF-8 (byte {error.start}).") from error
