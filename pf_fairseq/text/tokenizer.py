"""Tokenizers: text in, ids of a data-bin's dictionary out; one table of the kinds there are."""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol

from pf_fairseq.errors import InputError
from pf_fairseq.text.byte_level_bpe import ByteLevelBpe
from pf_fairseq.text.inputs import InputLayout
from pf_fairseq.text.sentence_piece import SentencePiece
from pf_fairseq.text.special_pieces import SpecialPieces
from pf_fairseq.text.word_piece import WordPiece


class Tokenizer(Protocol):
    """What every kind of tokenizer offers. Ids are those of `input0/dict.txt`."""

    @property
    def kind(self) -> str:
        """Name of the kind, as `--tokenizer` takes it."""

    @property
    def vocab_size(self) -> int:
        """Number of ids of the dictionary, special symbols included."""

    @property
    def bos_id(self) -> int:
        """Id of `<s>`."""

    @property
    def pad_id(self) -> int:
        """Id of `<pad>`."""

    @property
    def eos_id(self) -> int:
        """Id of `</s>`."""

    @property
    def unk_id(self) -> int:
        """Id of what no piece spells, mostly `<unk>`."""

    @property
    def mask_id(self) -> int:
        """Id of `<mask>`."""

    @property
    def special_pieces(self) -> SpecialPieces:
        """What the tokenizer's files call the special tokens."""

    @property
    def files(self) -> dict[str, bytes]:
        """The tokenizer's own files, name to content."""

    @property
    def token_id_map(self) -> list[int] | None:
        """Dictionary id of each of the tokenizer's own ids; none when they are equal."""

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Encode each text into ids, without special tokens. Every text is plain text.

        Raises:
            InputError: if a text cannot be encoded as UTF-8.
        """

    def dictionary_text(self) -> str:
        """Give the content of `input0/dict.txt`."""

    def layout(self, pair: bool) -> InputLayout:
        """Give the special tokens that this kind of model wants around its texts."""


class TokenizerKind(Protocol):
    """How a kind of tokenizer is made: the files it takes, and a call with their contents."""

    @property
    def file_sets(self) -> tuple[tuple[str, ...], ...]:
        """Each set of file name patterns that will do; the first complete one is taken."""

    def __call__(
        self, files: Mapping[str, bytes], special_pieces: SpecialPieces | None = None
    ) -> Tokenizer:
        """Build the tokenizer.

        Args:
            files: contents by name.
            special_pieces: what the files call the special tokens; None: it is found out.

        Raises:
            InputError: if the files do not fit together, or lack a special token.
        """


TOKENIZERS: dict[str, TokenizerKind] = {
    "roberta": ByteLevelBpe,
    "bert": WordPiece,
    "sentencepiece": SentencePiece,
}


def tokenizer_from_files(
    kind: str, files: Mapping[str, bytes], special_pieces: SpecialPieces | None = None
) -> Tokenizer:
    """Build the tokenizer `kind` from its files' contents by name; other files may be among them.

    Args:
        kind: a name of `TOKENIZERS`.
        files: contents by name.
        special_pieces: what the files call the special tokens, as an archive tells; None: it is
            found out.

    Raises:
        InputError: if the kind is unknown, or the files are incomplete or do not fit together.
    """
    factory = _factory(kind)
    for patterns in factory.file_sets:
        matches = [_matching(files, [pattern]) for pattern in patterns]
        if all(len(names) == 1 for names in matches):
            chosen = {name: files[name] for names in matches for name in names}
            return factory(chosen, special_pieces)
    wanted = ", or ".join(" + ".join(patterns) for patterns in factory.file_sets)
    found = _matching(files, [name for patterns in factory.file_sets for name in patterns])
    raise InputError(
        f"A {kind} tokenizer needs {wanted}, but there is {', '.join(found) or 'none of them'}."
    )


def load_tokenizer(kind: str, directory: Path) -> Tokenizer:
    """Build the tokenizer `kind` from the files in `directory`.

    Raises:
        InputError: as `tokenizer_from_files`, or if the folder or a file cannot be read.
    """
    factory = _factory(kind)
    try:
        names = [path.name for path in directory.iterdir() if path.is_file()]
        wanted = _matching(names, [name for patterns in factory.file_sets for name in patterns])
        files = {name: (directory / name).read_bytes() for name in wanted}
    except OSError as error:
        raise InputError(
            f"The tokenizer folder `{directory}` cannot be read ({error.strerror})."
        ) from error
    try:
        return tokenizer_from_files(kind, files)
    except InputError as error:
        raise InputError(f"The tokenizer files in `{directory}` do not fit: {error}") from error


def _factory(kind: str) -> TokenizerKind:
    if kind not in TOKENIZERS:
        raise InputError(
            f"`tokenizer` must be one of {', '.join(TOKENIZERS)}, but is {kind!r} instead."
        )
    return TOKENIZERS[kind]


def _matching(names: Iterable[str], patterns: Iterable[str]) -> list[str]:
    return sorted(name for name in names if any(fnmatchcase(name, each) for each in patterns))
