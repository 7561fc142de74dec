"""What a checkpoint must find again in its data: labels, dictionary, tokenizer."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pf_fairseq.errors import InputError
from pf_fairseq.files import read_json_object
from pf_fairseq.text.dictionary import (
    DICTIONARY_NAME,
    MASK_SYMBOL,
    SPECIAL_SYMBOLS,
    read_dictionary,
)

TASK_NAME = "task.json"
_FILLER = re.compile(r"madeupword\d{4}")  # what fairseq's own tools round a dictionary up with


@dataclass(frozen=True)
class DataFingerprint:
    """What the numbers that a model was trained on stand for.

    Two data-bins with one fingerprint give every class and every token the same number, and cut
    texts alike. None: not known, as of a converted encoder, which has no labels; it is compared
    with nothing.

    Args:
        labels: the classes in the order of their numbers.
        dictionary_sha256: of the symbols of `input0/dict.txt` in the order of their ids, each
            ended by a line break; counts and line ends of the file do not matter.
        tokenizer_sha256: of the names and contents of the tokenizer's files.
    """

    labels: tuple[str, ...] | None
    dictionary_sha256: str | None
    tokenizer_sha256: str | None

    @classmethod
    def of_data_bin(cls, data_bin: Path) -> "DataFingerprint":
        """Take the fingerprint of a folder that `pf-fairseq preprocess` wrote, or fairseq's tools.

        Raises:
            InputError: if a dictionary cannot be read, or `task.json` names other labels.
        """
        labels = _labels(data_bin)
        tokenizer = data_bin / "tokenizer"
        files = (
            [path for path in tokenizer.iterdir() if path.is_file()] if tokenizer.is_dir() else []
        )
        return cls(
            labels=labels,
            dictionary_sha256=dictionary_sha256(_read(data_bin / "input0" / DICTIONARY_NAME)),
            tokenizer_sha256=(
                tokenizer_sha256({path.name: path.read_bytes() for path in files})
                if files
                else None
            ),
        )

    @classmethod
    def from_json(cls, content: Any, source: str) -> "DataFingerprint":
        """Read what `to_json` gave, or the part of it that an archive keeps.

        Args:
            content: of the entry; anything.
            source: what it was read from, for the error.

        Raises:
            InputError: if it is something else.
        """
        given: Mapping[str, Any] = content if isinstance(content, Mapping) else {"labels": 0}
        labels = given.get("labels")
        dictionary, tokenizer = given.get("dictionary_sha256"), given.get("tokenizer_sha256")
        is_list = isinstance(labels, list | tuple) and all(isinstance(each, str) for each in labels)
        if not all(isinstance(value, str | None) for value in (dictionary, tokenizer)) or not (
            labels is None or is_list
        ):
            raise InputError(
                f"{source} has a damaged fingerprint of its data ({content!r:.80}); write it again."
            )
        return cls(None if labels is None else tuple(labels), dictionary, tokenizer)

    def to_json(self) -> dict[str, Any]:
        """Plain values, which a checkpoint and a JSON file can hold."""
        content = asdict(self)
        return {**content, "labels": None if self.labels is None else list(self.labels)}

    def differences(self, data: "DataFingerprint") -> list[str]:
        """Say what `data` has otherwise, a clause each; empty if all that both know is the same."""
        found = []
        if None not in (self.labels, data.labels) and self.labels != data.labels:
            found.append(
                f"its labels are {_shown(self.labels)}, but the data's {_shown(data.labels)}"
            )
        for what, own, other in (
            ("dictionary (input0/dict.txt)", self.dictionary_sha256, data.dictionary_sha256),
            ("tokenizer (tokenizer/)", self.tokenizer_sha256, data.tokenizer_sha256),
        ):
            if None not in (own, other) and own != other:
                found.append(f"the data has another {what}")
        return found

    def check(
        self,
        data: "DataFingerprint",
        *,
        source: str,
        folder: Path,
        remedy: str = "give the data that it was trained on, or train again on this",
    ) -> None:
        """Refuse data whose numbers stand for something else.

        Args:
            data: its fingerprint.
            source: what was trained, as the beginning of a sentence: "checkpoint `c.pt`".
            folder: the data-bin.
            remedy: what the user can do.

        Raises:
            InputError: naming everything that differs.
        """
        differences = self.differences(data)
        if differences:
            raise InputError(
                f"{source} was not trained on data like `{folder}`: {' and '.join(differences)}; "
                f"{remedy}."
            )


def dictionary_sha256(text: str) -> str:
    """Hash the symbols of a `dict.txt` in the order of their ids.

    Raises:
        InputError: if it is none.
    """
    symbols = "".join(f"{symbol}\n" for symbol in read_dictionary(text))
    return hashlib.sha256(symbols.encode()).hexdigest()


def tokenizer_sha256(files: Mapping[str, bytes]) -> str:
    """Hash the tokenizer's files, name to content."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\n{len(files[name])}\n".encode())
        digest.update(files[name])
    return digest.hexdigest()


def _labels(data_bin: Path) -> tuple[str, ...]:
    symbols = read_dictionary(_read(data_bin / "label" / DICTIONARY_NAME))
    labels = tuple(
        symbol
        for symbol in symbols
        if symbol not in (*SPECIAL_SYMBOLS, MASK_SYMBOL) and not _FILLER.fullmatch(symbol)
    )
    path = data_bin / TASK_NAME
    if path.is_file():
        task = read_json_object(path, absent="", damaged="run `pf-fairseq preprocess` again")
        if task.get("labels") != list(labels):
            raise InputError(
                f"`{data_bin}` is damaged: {TASK_NAME} and label/{DICTIONARY_NAME} name other "
                "labels; run `pf-fairseq preprocess` again."
            )
    return labels


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"`{path}` cannot be read ({error}); run `pf-fairseq preprocess` again."
        ) from error


def _shown(labels: tuple[str, ...] | None) -> str:
    names = [repr(label) for label in labels or ()]
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
