"""Operating points from a file that `calibrate` or `evaluate` wrote, for the model at hand."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pf_fairseq.errors import InputError
from pf_fairseq.exiting.point import OperatingPoint, PointOrigin, PointSet
from pf_fairseq.values import parse_json, read_text, shown

FILE_NAME = "operating_points.json"
DEFAULT_NAME = "2"  # of a report, which names none itself
FORMAT_VERSION = 2  # the newest that is understood

LOGGER = logging.getLogger(__name__)


def read_operating_points(
    path: Path, *, task: str, checkpoint_sha256: str, dtype: str | None
) -> PointSet:
    """Read an `operating_points.json` or a `report.json`.

    Points that could not be reached (threshold `null`) are left out. A report names no default:
    then the point "2" is it, if it is there. A file of format 1 says nothing of its origin but the
    task; it is taken with a warning.

    Args:
        path: the file.
        task: name of the task that the checkpoint was trained on.
        checkpoint_sha256: the checkpoint's hash.
        dtype: that the model will compute in; None: points of any are taken.

    Raises:
        InputError: if the file cannot be read, is neither of the two, newer than this version, or
            of another task, checkpoint or dtype, where its thresholds mean nothing.
    """
    content = _read(path)
    try:
        points = read_points(content.get("operating_points"))
        default = content.get("default", DEFAULT_NAME)
        has_origin = content.get("format_version", FORMAT_VERSION) != 1 and "policy" in content
        origin = PointOrigin.from_dict(content) if has_origin else None
        stated_task = read_text(content.get("task", task), "task")
    except ValueError as error:
        raise InputError(
            f"`{path}` holds no operating points ({str(error).rstrip('.')}); give the "
            f"{FILE_NAME} of `pf-fairseq calibrate` or the report.json of `evaluate`."
        ) from error
    _compare(path, "task", stated_task, task)
    if origin is None:
        LOGGER.warning(
            "`%s` says neither which checkpoint nor which exits its points were chosen for, so "
            "nothing could be compared; run `pf-fairseq calibrate` again.",
            path,
        )
    else:
        _compare(path, "checkpoint", origin.checkpoint_sha256, checkpoint_sha256)
        if dtype is not None:
            _compare(path, "dtype", origin.dtype, dtype)
    names = [point.name for point in points]
    if default not in names and "default" in content and default is not None:
        raise InputError(
            f"`{path}` names {shown(default)} as default, but its points are: {', '.join(names)}."
        )
    return PointSet(points, default if default in names else None, origin)


def read_points(entries: object) -> list[OperatingPoint]:
    """Read the entries of a file or of an archive's metadata; unreached ones are left out.

    Raises:
        ValueError: naming what is wrong.
    """
    if not isinstance(entries, list):
        raise ValueError(f"`operating_points` must be a list, but is {shown(entries)} instead")
    points, names = [], set()
    for entry in entries:
        if isinstance(entry, Mapping) and entry.get("threshold", 0) is None:
            name = read_text(entry.get("name"), "name")
        else:
            points.append(OperatingPoint.from_dict(entry))
            name = points[-1].name
        if name in names:
            raise ValueError(f"the point {shown(name)} stands twice in `operating_points`")
        names.add(name)
    return points


def _read(path: Path) -> dict[str, Any]:
    try:
        content = parse_json(path.read_bytes())
        if not isinstance(content, dict):
            raise ValueError(f"it must be a JSON object, but is {shown(content)} instead")
    except OSError as error:
        raise InputError(f"operating points `{path}` cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise InputError(
            f"`{path}` holds no operating points ({error}); give the {FILE_NAME} of "
            f"`pf-fairseq calibrate` or the report.json of `evaluate`."
        ) from error
    version = content.get("format_version", FORMAT_VERSION)
    if type(version) is not int or not 1 <= version <= FORMAT_VERSION:
        raise InputError(
            f"`{path}` has format version {shown(version)}, but this pf_fairseq reads up to "
            f"{FORMAT_VERSION}; update pf_fairseq or run `pf-fairseq calibrate` again."
        )
    return content


def _compare(path: Path, what: str, stated: str, wanted: str) -> None:
    if stated != wanted:
        raise InputError(
            f"`{path}` was made for the {what} {shown(stated)}, but this model has the {what} "
            f"{shown(wanted)}; run `pf-fairseq calibrate` with this model."
        )
