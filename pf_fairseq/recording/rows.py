"""Which rows choose thresholds and which are reported on."""

from dataclasses import dataclass

import torch
from torch import Tensor

from pf_fairseq.errors import InputError
from pf_fairseq.exiting.recorded import RecordedExits
from pf_fairseq.recording.logits import record_exits
from pf_fairseq.recording.models import RecordedModel
from pf_fairseq.text.data_bin import EncodedSplit, load_split

SEED = 1  # of the draw, fixed so that `evaluate` and `calibrate` choose on the same rows


@dataclass(frozen=True)
class CalibrationRows:
    """A split, or a seeded part of it, that thresholds are chosen on; fraction in (0, 1]."""

    split: str
    fraction: float


@dataclass(frozen=True)
class RecordedRows:
    """What the model said.

    Attributes:
        reported: the rows that figures are of.
        reported_name: which these are.
        choosing: the rows that thresholds are chosen on; None: the reported ones.
    """

    reported: RecordedExits
    reported_name: str
    choosing: RecordedExits | None


def parse_calibration(text: str | None, split: str) -> CalibrationRows | None:
    """Read `SPLIT` or `SPLIT:FRACTION`; None stays None.

    Raises:
        InputError: if the fraction is none, or leaves no row of `split` to report on.
    """
    if text is None:
        return None
    name, colon, written = text.partition(":")
    try:
        fraction = float(written) if colon else 1.0
    except ValueError:
        fraction = 0.0
    if not name or not 0 < fraction <= 1:
        raise InputError(
            f"`--calibration-split` must be a split, or a split and a fraction between 0 and 1 "
            f"such as valid:0.3, but is {text!r} instead."
        )
    if name == split and fraction == 1:
        raise InputError(
            f"`--calibration-split {text}` leaves no row of `--split {split}` to report on; give a "
            f"fraction, such as {name}:0.3, or another split."
        )
    return CalibrationRows(name, fraction)


def record_rows(
    model: RecordedModel, split: str, calibration: CalibrationRows | None
) -> RecordedRows:
    """Run the rows once at full depth.

    Raises:
        InputError: if a split is missing, empty, too long for the model, or too small to be
            divided, or if the model gives NaN.
    """
    recorded = _record(model, split)
    if calibration is None:
        return RecordedRows(recorded, split, None)
    if calibration.split != split:
        other = _record(model, calibration.split)
        chosen, _ = divide(other.n_sentences, calibration)
        return RecordedRows(recorded, split, _take(other, chosen))
    chosen, rest = divide(recorded.n_sentences, calibration)
    name = f"{split} without the rows of {split}:{calibration.fraction:g}"
    return RecordedRows(_take(recorded, rest), name, _take(recorded, chosen))


def divide(n_rows: int, calibration: CalibrationRows) -> tuple[Tensor, Tensor]:
    """Draw the choosing rows with a fixed seed.

    Returns:
        indices of the rows chosen and of the others, each int64 and ascending.

    Raises:
        InputError: if a fraction leaves one of the two without a row.
    """
    if calibration.fraction == 1:
        return torch.arange(n_rows), torch.arange(0)
    n_chosen = round(calibration.fraction * n_rows)
    if not 0 < n_chosen < n_rows:
        raise InputError(
            f"`--calibration-split {calibration.split}:{calibration.fraction:g}` takes {n_chosen} "
            f"of {n_rows} rows, but must take at least one and leave one; give another fraction."
        )
    order = torch.randperm(n_rows, generator=torch.Generator().manual_seed(SEED))
    return order[:n_chosen].sort().values, order[n_chosen:].sort().values


def _take(recorded: RecordedExits, rows: Tensor) -> RecordedExits:
    """Keep some rows."""
    targets, evidence = recorded.targets, recorded.evidence
    return RecordedExits(
        recorded.logits[rows],
        None if targets is None else targets[rows],
        None if evidence is None else evidence[rows],
    )


def _record(model: RecordedModel, split: str) -> RecordedExits:
    encoded = load_split(model.data, split, model.task)
    _check_sentences(encoded, split, model.max_positions)
    logits, evidence = record_exits(
        model.model, encoded.sentences, model.pad_id, device=model.device
    )
    n_bad = int((~logits.isfinite()).flatten(1).any(dim=1).sum())
    if n_bad:
        raise InputError(
            f"{model.name} gives NaN or infinite logits for {n_bad} of {len(logits)} "
            "sentences; its training diverged, take an earlier checkpoint or train again."
        )
    targets = None if encoded.labels is None else torch.tensor(encoded.labels)
    return RecordedExits(logits, targets, evidence)


def _check_sentences(encoded: EncodedSplit, split: str, max_positions: int) -> None:
    """Refuse a split without sentences, or with one that the model has no positions for."""
    longest = max(map(len, encoded.sentences), default=0)
    if longest == 0:
        raise InputError(f"The split `{split}` holds no sentences; name another.")
    if longest > max_positions:
        raise InputError(
            f"The split `{split}` has a sentence of {longest} tokens, but the model takes at most "
            f"{max_positions}; run `pf-fairseq preprocess` again with `--max-tokens`."
        )
