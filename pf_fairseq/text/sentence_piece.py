"""ALBERT's sentencepiece tokenizer, as Google's code and the published tokenizer.json have it."""

from collections.abc import Mapping, Sequence

from sentencepiece import SentencePieceProcessor
from tokenizers import Tokenizer as Engine
from tokenizers.models import Unigram
from tokenizers.normalizers import NFKD, Lowercase, Normalizer, Replace, StripAccents
from tokenizers.normalizers import Sequence as Steps
from tokenizers.pre_tokenizers import Metaspace

from pf_fairseq.errors import InputError
from pf_fairseq.text.characters import check_characters
from pf_fairseq.text.dictionary import (
    BOS_ID,
    EOS_ID,
    MASK_SYMBOL,
    PAD_ID,
    SPECIAL_SYMBOLS,
    UNK_ID,
    format_dictionary,
    read_dictionary,
)
from pf_fairseq.text.inputs import InputLayout
from pf_fairseq.text.sentence_piece_files import (
    SPACE,
    Piece,
    PieceType,
    SentencePieceOptions,
    read_options,
    read_pieces,
)
from pf_fairseq.text.special_pieces import SpecialPieces, check_special_pieces
from pf_fairseq.text.tokenizer_config import CONFIG_NAME

# pieces that take the place of fairseq's symbols: ALBERT's, and those of plain sentencepiece models
SPECIAL_PIECES = {
    **{symbol: symbol for symbol in (*SPECIAL_SYMBOLS, MASK_SYMBOL)},
    **{"[CLS]": "<s>", "[PAD]": "<pad>", "[SEP]": "</s>", "[UNK]": "<unk>", "[MASK]": MASK_SYMBOL},
}
# Unicode's white space but U+000B, which the character map of ALBERT's model drops
WHITE_SPACE = "\t\n\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
DIGITS = "0123456789"
NUMBER_COMMA_PENALTY = 100.0


class SentencePiece:
    """A unigram model of sentencepiece behind ALBERT's normalization.

    White space collapses, two grave accents or apostrophes become `"`, characters are taken apart
    and lose their marks, case is lowered; then the `sentencepiece` library applies the model's own
    normalization, and the unigram engine of Hugging Face `tokenizers` cuts each word into pieces.
    Our choice of the engine: sentencepiece adds scores up in single precision over the whole
    sentence, so that which of two equally good cuts it takes depends on its version and on the
    words before. A piece like `9,` is never taken where another cut can be had, as Google's own
    code and ALBERT's `tokenizer.json` want it. `transformers` 5 gives the same ids from a folder
    with `tokenizer.json`, and other ones from `spiece.model` alone: there the model's own symbols
    (`.`, `-`, `(` and so on) are cut out of the raw text with the space before them, so that the
    piece of that space is lost, and `9,` is taken.

    `[CLS]`, `<pad>`, `[SEP]` and `<unk>` become `<s>`, `<pad>`, `</s>` and `<unk>`, which fairseq
    numbers 0 to 3; the other pieces follow in their order, and `[MASK]` as `<mask>` comes last. A
    model that has `<s>` and `</s>` instead, or neither, does as well: the dictionary holds all five
    in any case. Strings like `[SEP]` in a text are plain text, also where the model says otherwise.

    Args:
        files: contents of the model (`*.model`) and, if at hand, of `tokenizer_config.json`.
        special_pieces: what the model calls the special tokens; None: it is not compared.

    Raises:
        InputError: if a file is not what an ALBERT model has.
    """

    kind = "sentencepiece"
    file_sets = (("*.model", CONFIG_NAME), ("*.model",))
    bos_id, pad_id, eos_id, unk_id = BOS_ID, PAD_ID, EOS_ID, UNK_ID

    def __init__(
        self, files: Mapping[str, bytes], special_pieces: SpecialPieces | None = None
    ) -> None:
        self.files = dict(files)
        (name,) = (name for name in files if name != CONFIG_NAME)
        options = (
            read_options(files[CONFIG_NAME]) if CONFIG_NAME in files else SentencePieceOptions()
        )
        pieces = read_pieces(name, files[name])
        self._processor = _load(name, files[name])
        self._symbols = [piece.text for piece in pieces if not _is_special(piece)]
        _check_symbols(name, self._symbols)
        ids = read_dictionary(self.dictionary_text())
        self.vocab_size = len(ids)
        self.mask_id = ids[MASK_SYMBOL]
        self.special_pieces = _special_pieces(pieces)
        check_special_pieces(name, self.special_pieces, special_pieces)
        self.token_id_map: list[int] | None = [ids[_symbol(piece)] for piece in pieces]
        self._collapse = options.remove_space
        self._normalizer = _normalizer(options)
        self._engine = _engine(pieces)

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Encode each text into dictionary ids, without special tokens.

        Raises:
            InputError: if a text holds a lone surrogate, which is no character.
        """
        check_characters(texts)
        assert self.token_id_map is not None
        dictionary_id = self.token_id_map.__getitem__
        normalized = [self._normalize(text) for text in texts]
        encodings = self._engine.encode_batch_fast(normalized, add_special_tokens=False)
        return [list(map(dictionary_id, encoding.ids)) for encoding in encodings]

    def dictionary_text(self) -> str:
        """Give the content of `input0/dict.txt`."""
        return format_dictionary(self._symbols)

    def layout(self, pair: bool) -> InputLayout:
        """Give ALBERT's layout: `[CLS] a [SEP]`, or `[CLS] a [SEP] b [SEP]`."""
        return InputLayout(self.bos_id, self.eos_id)

    def _normalize(self, text: str) -> str:
        if self._collapse:
            text = " ".join(filter(None, text.translate(_TO_SPACE).split(" ")))
        return str(self._processor.Normalize(self._normalizer.normalize_str(text)))


_TO_SPACE = dict.fromkeys(map(ord, WHITE_SPACE), " ")


def _load(name: str, content: bytes) -> SentencePieceProcessor:
    processor = SentencePieceProcessor()
    try:
        processor.LoadFromSerializedProto(content)
    except RuntimeError as error:
        raise InputError(
            f"`{name}` must be a sentencepiece model, but the library refuses it ({error})."
        ) from error
    return processor


def _is_special(piece: Piece) -> bool:
    return piece.type == PieceType.UNKNOWN or piece.text in SPECIAL_PIECES


def _special_pieces(pieces: Sequence[Piece]) -> SpecialPieces:
    """What the model calls the special tokens; the unknown piece has a type of its own."""
    found = {_symbol(piece): piece.text for piece in pieces if _is_special(piece)}
    return SpecialPieces(*(found.get(symbol) for symbol in (*SPECIAL_SYMBOLS, MASK_SYMBOL)))


def _is_text(piece: Piece) -> bool:
    """Tell whether a text may give the piece."""
    matched = piece.type in (PieceType.NORMAL, PieceType.USER_DEFINED)
    return matched and not _is_special(piece)


def _symbol(piece: Piece) -> str:
    """The dictionary's symbol for a piece."""
    if piece.type == PieceType.UNKNOWN:
        return SPECIAL_SYMBOLS[UNK_ID]
    return SPECIAL_PIECES.get(piece.text, piece.text)


def _check_symbols(name: str, symbols: Sequence[str]) -> None:
    for symbol in symbols:
        if "\n" in symbol or "\r" in symbol:
            raise InputError(
                f"`{name}` must have pieces that a line of `dict.txt` can hold, but has "
                f"{symbol!r}; train it without that piece."
            )


def _normalizer(options: SentencePieceOptions) -> Normalizer:
    steps: list[Normalizer] = [Replace("``", '"'), Replace("''", '"')]
    if not options.keep_accents:
        steps += [NFKD(), StripAccents()]
    if options.do_lower_case:
        steps.append(Lowercase())
    return Steps(steps)


def _engine(pieces: Sequence[Piece]) -> Engine:
    """Build what cuts normalized text, in which every space is written as `SPACE`."""
    vocabulary = [
        # no text that reaches the engine has a space
        (piece.text if _is_text(piece) else f" {own_id}", _score(piece))
        for own_id, piece in enumerate(pieces)
    ]
    (unknown,) = (n for n, piece in enumerate(pieces) if piece.type == PieceType.UNKNOWN)
    engine = Engine(Unigram(vocabulary, unk_id=unknown, byte_fallback=False))
    # Word by word, unless the model has pieces that reach over a space.
    by_word = not any(SPACE in piece.text[1:] for piece in pieces)
    engine.pre_tokenizer = Metaspace(replacement=SPACE, prepend_scheme="never", split=by_word)
    return engine


def _score(piece: Piece) -> float:
    is_number = piece.text[-1:] == "," and piece.text[-2:-1] in tuple(DIGITS)
    return piece.score - NUMBER_COMMA_PENALTY if is_number else piece.score
