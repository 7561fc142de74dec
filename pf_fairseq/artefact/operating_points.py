"""Operating points from a file that `calibrate` or `evaluate` wrote."""

import json
import math
from pathlib import Path
from typing import Any

from pf_fairseq.artefact.metadata import OperatingPoint
from pf_fairseq.errors import InputError

DEFAULT_NAME = "2"
FORMAT_VERSION = 1  # the newest operating_points.json that is understood


def read_operating_points(path: Path, task: str) -> tuple[list[OperatingPoint], str | None]:
    """Read an `operating_points.json` or a `report.json`.

    Points that could not be reached (threshold `null`) are left out. A report names no default:
    then the point "2" is it, if it is there.

    Args:
        path: the file.
        task: name of the task that the checkpoint was trained on.

    Returns:
        the points, and the name of the default one (None: full depth).

    Raises:
        InputError: if the file cannot be read, is neither of the two, newer than this version, or
            was made on another task, where its thresholds mean nothing.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        entries = [entry for entry in content["operating_points"] if entry["threshold"] is not None]
        points = [_point(entry) for entry in entries]
        default = content.get("default", DEFAULT_NAME)
    except OSError as error:
        raise InputError(f"operating points `{path}` cannot be read ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"`{path}` holds no operating points ({type(error).__name__}: {error}); give the "
            f"operating_points.json of `pf-fairseq calibrate` or the report.json of `evaluate`."
        ) from error
    _check_origin(path, content, task)
    names = [point.name for point in points]
    if default not in names and "default" in content and default is not None:
        raise InputError(
            f"`{path}` names {default!r} as default, but its points are: {', '.join(names)}."
        )
    return points, default if default in names else None


def _check_origin(path: Path, content: dict[str, Any], task: str) -> None:
    version = content.get("format_version", FORMAT_VERSION)
    if type(version) is not int or version > FORMAT_VERSION:
        raise InputError(
            f"`{path}` has format version {version!r}, but this pf_fairseq reads up to "
            f"{FORMAT_VERSION}; update pf_fairseq or run `pf-fairseq calibrate` again."
        )
    if content.get("task", task) != task:
        raise InputError(
            f"`{path}` was made on the task {content['task']!r}, but the checkpoint was trained "
            f"on {task!r}; run `pf-fairseq calibrate` with this checkpoint."
        )


def _point(entry: dict[str, Any]) -> OperatingPoint:
    target, accuracy = entry.get("target_speedup"), entry.get("accuracy")
    return OperatingPoint(
        name=str(entry["name"]),
        target_speedup=None if target is None else _number(target),
        threshold=_number(entry["threshold"]),
        speedup=_number(entry["speedup"]),
        accuracy=None if accuracy is None else _number(accuracy),
    )


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):  # metadata.json could not carry it
        raise ValueError(f"{number} is not a finite number")
    return number
