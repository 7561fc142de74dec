"""The two files of a byte-level BPE: its vocabulary (JSON) and its merges (one a line)."""

import json

from tokenizers.pre_tokenizers import ByteLevel

from pf_fairseq.errors import InputError
from pf_fairseq.text.dictionary import MASK_SYMBOL, SPECIAL_SYMBOLS


def read_vocabulary(name: str, content: bytes) -> dict[str, int]:
    """Read piece -> id.

    Raises:
        InputError: if the content is not a JSON object that numbers its pieces from 0 without gap.
    """
    try:
        vocabulary = json.loads(content)
    except ValueError as error:  # not UTF-8 or not JSON
        raise InputError(f"`{name}` is not JSON ({error}).") from error
    ids = list(vocabulary.values()) if isinstance(vocabulary, dict) else []
    if not ids or any(type(value) is not int for value in ids):
        raise InputError(f"`{name}` must be a JSON object that maps pieces to ids.")
    if sorted(ids) != list(range(len(ids))):
        raise InputError(
            f"`{name}` must number its {len(ids)} pieces 0..{len(ids) - 1}, each once, but its "
            f"ids go from {min(ids)} to {max(ids)} and {len(set(ids))} of them differ."
        )
    return {str(piece): int(value) for piece, value in vocabulary.items()}


def read_merges(name: str, content: bytes) -> list[tuple[str, str]]:
    """Read the merges, best first. A first line `#version...` is skipped.

    Raises:
        InputError: if a line is not two pieces, or a merge stands there twice.
    """
    try:
        lines = content.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise InputError(f"`{name}` is not UTF-8 (byte {error.start}).") from error
    versioned = lines[0].startswith("#version")
    if name == "vocab.bpe" and not (versioned and lines[-1] == ""):
        # fairseq drops the first line and what follows the last line break, whatever they are
        raise InputError(
            f"`{name}` must start with a `#version` line and end in a line break, as GPT-2's does."
        )
    merges: dict[tuple[str, str], None] = {}
    for number, line in enumerate(lines, start=1):
        pieces = line.split()
        if (number == 1 and versioned) or (number == len(lines) and not pieces):
            continue
        if len(pieces) != 2 or (pieces[0], pieces[1]) in merges:
            raise InputError(
                f"`{name}`, line {number}, must be two pieces not merged before, but is "
                f"{line!r} instead."
            )
        merges[pieces[0], pieces[1]] = None
    return list(merges)


def text_pieces(
    vocabulary: dict[str, int], merges: list[tuple[str, str]], *, vocabulary_name: str
) -> set[str]:
    """Collect the pieces that some text can give: the 256 bytes and what the merges make of them.

    Raises:
        InputError: if the vocabulary lacks one of them, if a merge uses a piece that no earlier
            one makes (implementations of BPE would disagree), or makes a special symbol.
    """
    pieces = set(ByteLevel.alphabet())
    for number, (left, right) in enumerate(merges, start=1):
        if left not in pieces or right not in pieces:
            raise InputError(
                f"Merge {number}, {left!r} + {right!r}, uses a piece that no merge before it "
                "makes; take the merges of a trained byte-level BPE."
            )
        pieces.add(left + right)
    missing = sorted(piece for piece in pieces if piece not in vocabulary)
    if missing:
        raise InputError(
            f"`{vocabulary_name}` must hold all 256 bytes and every merged piece, but lacks "
            f"{len(missing)} of {len(pieces)}, the first being {missing[0]!r}; take it and the "
            "merges from one model."
        )
    special = pieces.intersection((*SPECIAL_SYMBOLS, MASK_SYMBOL))
    if special:
        raise InputError(
            f"The merges make {min(special)!r} out of plain text, so that a user could write a "
            "special token; train the BPE without it."
        )
    return pieces
