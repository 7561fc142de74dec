"""WordPiece, through Hugging Face `tokenizers`."""

import logging
from collections.abc import Mapping, Sequence

from tokenizers import Tokenizer as Engine
from tokenizers.models import WordPiece as Model
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from pf_fairseq.text.characters import check_characters
from pf_fairseq.text.dictionary import (
    BOS_ID,
    EOS_ID,
    MASK_SYMBOL,
    PAD_ID,
    format_dictionary,
    read_dictionary,
)
from pf_fairseq.text.inputs import InputLayout
from pf_fairseq.text.special_pieces import SpecialPieces
from pf_fairseq.text.tokenizer_config import CONFIG_NAME
from pf_fairseq.text.word_piece_files import (
    ANGLED,
    VOCABULARY_NAME,
    WordPieceOptions,
    has_capitals,
    read_options,
    read_pieces,
    special_pieces_among,
    special_symbols,
)

logger = logging.getLogger(__name__)

MAX_WORD_CHARACTERS = 100  # longer words are unknown


class WordPiece:
    """WordPiece as BERT and MPNet use it. The dictionary's symbols are the pieces themselves.

    `[CLS]`, `[PAD]`, `[SEP]` and `[UNK]` become `<s>`, `<pad>`, `</s>` and `<unk>`, which fairseq
    numbers 0 to 3; the other pieces follow in their order, and `[MASK]` as `<mask>` comes last. A
    vocabulary with `<s>`, `<pad>`, `</s>` and `<mask>` of its own keeps them. Strings like `[SEP]`
    in a text are plain text: no special token can be written by a user.

    Args:
        files: contents of `vocab.txt` and, if at hand, of `tokenizer_config.json`.
        special_pieces: what the vocabulary calls the special tokens; None: MPNet's names if all are
            there, else BERT's.

    Raises:
        InputError: if a file is not what such a model has.
    """

    kind = "bert"
    file_sets = ((VOCABULARY_NAME, CONFIG_NAME), (VOCABULARY_NAME,))
    bos_id, pad_id, eos_id = BOS_ID, PAD_ID, EOS_ID

    def __init__(
        self, files: Mapping[str, bytes], special_pieces: SpecialPieces | None = None
    ) -> None:
        self.files = dict(files)
        pieces = read_pieces(files[VOCABULARY_NAME], special_pieces)
        self.special_pieces = special_pieces or special_pieces_among(pieces)
        symbols = special_symbols(pieces, self.special_pieces)
        options = read_options(files[CONFIG_NAME]) if CONFIG_NAME in files else WordPieceOptions()
        self._symbols = [piece for piece in pieces if piece not in symbols]
        ids = read_dictionary(self.dictionary_text())
        self.vocab_size = len(ids)
        self.mask_id = ids[MASK_SYMBOL]
        own = [ids[symbols.get(piece, piece)] for piece in pieces]
        self.unk_id = own[pieces.index(str(self.special_pieces.unk))]
        self.token_id_map: list[int] | None = None if own == list(range(len(ids))) else own
        self._engine = _build_engine(pieces, str(self.special_pieces.unk), options)
        if CONFIG_NAME not in files and has_capitals(pieces):
            logger.warning(
                "`%s` has pieces with capitals, but no %s says that case matters, so that texts "
                'are lowered as for an uncased model; write {"do_lower_case": false} into one if '
                "the model is cased.",
                VOCABULARY_NAME,
                CONFIG_NAME,
            )

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
        return format_dictionary(self._symbols)

    def layout(self, pair: bool) -> InputLayout:
        """Give BERT's layout, `[CLS] a [SEP]` or `[CLS] a [SEP] b [SEP]`, or that of RoBERTa.

        A vocabulary with RoBERTa's names of special tokens is of a model with its layout too:
        `<s> a </s>` or `<s> a </s> </s> b </s>`.
        """
        doubled = pair and self.special_pieces.bos == ANGLED.bos
        return InputLayout(self.bos_id, self.eos_id, self.eos_id if doubled else None)


def _build_engine(pieces: Sequence[str], unknown: str, options: WordPieceOptions) -> Engine:
    vocabulary = {piece: own_id for own_id, piece in enumerate(pieces)}
    engine = Engine(
        Model(
            vocab=vocabulary,
            unk_token=unknown,
            max_input_chars_per_word=MAX_WORD_CHARACTERS,
            continuing_subword_prefix="##",
        )
    )
    engine.normalizer = BertNormalizer(
        clean_text=True,
        handle_chinese_chars=options.tokenize_chinese_chars,
        strip_accents=options.strip_accents,
        lowercase=options.do_lower_case,
    )
    engine.pre_tokenizer = BertPreTokenizer()
    return engine
