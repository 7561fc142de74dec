"""Tokenizers: text in, ids of a data-bin's dictionary out; one table of the kinds there are."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from pf_fairseq.errors import InputError
from pf_fairseq.text.byte_level_bpe import ByteLevelBpe
from pf_fairseq.text.inputs import InputLayout


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
        """Id of `<unk>`."""

    @property
    def mask_id(self) -> int:
        """Id of `<mask>`."""

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

    def __call__(self, files: Mapping[str, bytes]) -> Tokenizer:
        """Build the tokenizer.

        Raises:
            InputError: if the files do not fit together.
        """


TOKENIZERS: dict[str, TokenizerKind] = {"roberta": ByteLevelBpe}


def tokenizer_from_files(kind: str, files: Mapping[str, bytes]) -> Tokenizer:
    """Build the tokenizer `kind` from its files' contents by name.

    Raises:
        InputError: if the kind is unknown, or the files are incomplete or do not fit together.
    """
    if kind not in TOKENIZERS:
        raise InputError(
            f"`tokenizer` must be one of {', '.join(TOKENIZERS)}, but is {kind!r} instead."
        )
    factory = TOKENIZERS[kind]
    for patterns in factory.file_sets:
        matches = [[name for name in files if Path(name).match(each)] for each in patterns]
        if all(len(names) == 1 for names in matches):
            return factory({names[0]: files[names[0]] for names in matches})
    wanted = ", or ".join(" + ".join(patterns) for patterns in factory.file_sets)
    found = ", ".join(sorted(files)) or "none of them"
    raise InputError(f"A {kind} tokenizer needs {wanted}, but there is {found}.")


def load_tokenizer(kind: str, directory: Path) -> Tokenizer:
    """Build the tokenizer `kind` from the files in `directory`.

    Raises:
        InputError: as `tokenizer_from_files`, or if the folder or a file cannot be read.
    """
    if not directory.is_dir():
        raise InputError(f"The tokenizer folder `{directory}` does not exist or is not a folder.")
    patterns = {
        pattern
        for factory in (TOKENIZERS[kind],)
        if kind in TOKENIZERS
        for names in factory.file_sets
        for pattern in names
    }
    try:
        paths = sorted(path for pattern in patterns for path in directory.glob(pattern))
        files = {path.name: path.read_bytes() for path in paths}
    except OSError as error:
        raise InputError(f"`{directory}` cannot be read ({error.strerror}).") from error
    try:
        return tokenizer_from_files(kind, files)
    except InputError as error:
        raise InputError(f"The tokenizer files in `{directory}` do not fit: {error}") from error
