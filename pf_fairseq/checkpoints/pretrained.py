"""An encoder with its vocabulary, on its way from one format to another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from pf_fairseq.backbones.backbone import Backbone
from pf_fairseq.checkpoints.encoder_config import EncoderConfig
from pf_fairseq.checkpoints.restoring import mismatches
from pf_fairseq.errors import InputError, list_problems
from pf_fairseq.files import atomic_directory
from pf_fairseq.text.fingerprint import (
    DataFingerprint,
    dictionary_sha256,
    tokenizer_sha256,
)
from pf_fairseq.text.tokenizer import Tokenizer

MOST_SPARE_ROWS = 512  # of a vocabulary rounded up for the sake of speed
SPARE_MULTIPLE = 8


@dataclass(frozen=True)
class PretrainedEncoder:
    """Everything that two formats say of the same encoder.

    Args:
        config: which encoder.
        weights: by our names, as `config.build().state_dict()` has them; rows of the token
            embedding in the order of `dictionary_text`.
        dictionary_text: content of `dict.txt`.
        tokenizer: gives the dictionary's ids; None where the source has no tokenizer files.
        left_out: what the source has beside the encoder, by its own names.
    """

    config: EncoderConfig
    weights: Mapping[str, Tensor]
    dictionary_text: str
    tokenizer: Tokenizer | None
    left_out: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> DataFingerprint:
        """Of the vocabulary; an encoder has no labels."""
        files = None if self.tokenizer is None else self.tokenizer.files
        return DataFingerprint(
            labels=None,
            dictionary_sha256=dictionary_sha256(self.dictionary_text),
            tokenizer_sha256=None if files is None else tokenizer_sha256(files),
        )

    def build(self) -> Backbone:
        """Build the encoder in evaluation mode.

        Raises:
            InputError: naming the weights that do not fit or are no numbers.
        """
        try:
            encoder = self.config.build()
        except ValueError as error:
            raise InputError(f"the model's sizes do not fit each other: {error}") from error
        problems = mismatches(dict(self.weights), encoder.state_dict())
        if problems:
            raise list_problems("The weights do not fit the sizes of the config:", problems)
        broken = [name for name, tensor in self.weights.items() if not tensor.isfinite().all()]
        if broken:
            raise list_problems("The weights hold NaN or infinity; copy the model again:", broken)
        encoder.load_state_dict(dict(self.weights))
        return encoder.eval()


def token_embedding(weights: Mapping[str, Tensor]) -> str:
    """Name of the token embedding among an encoder's weights."""
    return next(name for name in weights if name.endswith("embed_tokens.weight"))


def token_ids(tokenizer: Tokenizer) -> Sequence[int]:
    """Dictionary id of each of the tokenizer's own ids, a permutation."""
    own = tokenizer.token_id_map
    return range(tokenizer.vocab_size) if own is None else own


def to_dictionary_order(rows: Tensor, tokenizer: Tokenizer) -> Tensor:
    """Move embedding rows `(V, D)` from the tokenizer's own ids to the dictionary's.

    Rows beyond the last id are cut off where the vocabulary was rounded up, as it is for the sake
    of speed (30528 rows for 30522 pieces): no text gives their ids.

    Raises:
        InputError: if the rows and the dictionary's ids do not pair off.
    """
    ids = list(token_ids(tokenizer))
    if rows.dim() != 2:
        raise InputError(
            f"the token embedding must be `(rows, width)`, but is {tuple(rows.shape)}; copy the "
            "model again."
        )
    if len(set(ids)) < len(ids):
        twice = next(own for own, number in enumerate(ids) if number in ids[:own])
        raise InputError(
            f"the tokenizer's ids {ids.index(ids[twice])} and {twice} stand for one special token "
            "(as `<s>` and `[CLS]` do), so that a dictionary has no place for both; such a model "
            "cannot be converted."
        )
    n_ids = len(ids)
    n_spare = len(rows) - n_ids
    if 0 < n_spare <= MOST_SPARE_ROWS and len(rows) % SPARE_MULTIPLE == 0:
        rows = rows[:n_ids]
    if len(rows) != n_ids or n_ids != tokenizer.vocab_size:
        raise InputError(
            f"the tokenizer must give the {len(rows)} ids that the token embedding has rows for, "
            f"but gives {n_ids}, of which a dictionary makes {tokenizer.vocab_size}; take both "
            f"from one model."
        )
    moved = torch.empty_like(rows)
    moved[torch.tensor(ids)] = rows
    return moved


def to_own_order(rows: Tensor, tokenizer: Tokenizer) -> Tensor:
    """The same backwards."""
    return rows[torch.tensor(token_ids(tokenizer))]


def write_folder(output: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder in one step; what stands there already is replaced.

    Args:
        output: the folder.
        files: contents by name.

    Raises:
        InputError: if the folder holds anything that would not be written again.
    """
    present = {path.name for path in output.iterdir()} if output.is_dir() else set()
    foreign = sorted(present - files.keys())
    if foreign:
        raise InputError(
            f"`{output}` would be replaced whole, but holds {', '.join(foreign[:5])}; "
            "choose an output folder of its own."
        )
    with atomic_directory(output.resolve()) as folder:  # resolved, because `.` has no name
        for name, content in files.items():
            (folder / name).write_bytes(content)
