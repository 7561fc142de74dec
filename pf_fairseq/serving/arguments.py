"""What a classifier is given, as it comes from a query string or a file: read or refused."""

import math
import operator
from dataclasses import replace
from numbers import Real
from pathlib import Path

from pf_fairseq.artefact.metadata import ArchiveMetadata
from pf_fairseq.artefact.operating_points import read_operating_points
from pf_fairseq.errors import InputError
from pf_fairseq.values import shown


def with_points(metadata: ArchiveMetadata, path: Path) -> ArchiveMetadata:
    """The archive's metadata with the points of a file, which must be chosen for its exits.

    Raises:
        InputError: if they are another archive's, or of other exits.
    """
    points = read_operating_points(
        path,
        task=metadata.task,
        checkpoint_sha256=metadata.checkpoint_sha256,
        dtype=metadata.dtype,
    )
    if points.origin is not None:
        for name in ("policy", "min_exit_layer", "check_interval"):
            wanted, stated = getattr(metadata, name), getattr(points.origin, name)
            if wanted != stated:
                raise InputError(
                    f"`{path}` was made for the {name} {stated}, but the archive has {wanted}; "
                    "export it with these points."
                )
    return replace(
        metadata,
        operating_points=points.points,
        default=points.default,
        default_threshold=points.default_threshold(metadata.policy.never),
    )


def read_path(path: object, name: str) -> Path:
    """A path.

    Raises:
        InputError: if it is anything else.
    """
    if not isinstance(path, str | Path):
        raise InputError(f"`{name}` must be a path, but is {shown(path)} instead.")
    return Path(path)


def read_parameter(value: object, name: str, unit: str, hint: str) -> float:
    """A number within what float32 holds; beyond that it is infinite.

    Args:
        value: as it came.
        name: of the argument.
        unit: of the number.
        hint: what to do instead, a sentence.

    Raises:
        InputError: if it is no number.
    """
    if isinstance(value, Real) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:  # an int of more than 308 digits
            number = math.copysign(math.inf, 1 if value > 0 else -1)  # type: ignore[operator]
        if not math.isnan(number):
            return number
        raise InputError(f"`{name}` must be a number ({unit}), but is NaN instead. {hint}")
    raise InputError(f"`{name}` must be a number ({unit}), but is {shown(value)} instead. {hint}")


def read_batch_size(value: object) -> int:
    """A number of sentences.

    Raises:
        InputError: if it is no whole number of at least 1.
    """
    try:
        size = 0 if isinstance(value, bool) else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        size = 0
    if size < 1:
        raise InputError(
            f"`batch_size` must be a whole number of at least 1, but is {shown(value)} instead."
        )
    return size
