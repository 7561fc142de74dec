"""Values from outside: JSON and numbers, read so that nothing but a `ValueError` can come of it."""

import json
import math
from typing import Any

SHOWN = 60  # characters of a wrong value
LARGEST = 2**63 - 1  # of torch's and C++'s whole numbers


def parse_json(text: str | bytes) -> Any:
    """Read JSON text.

    Raises:
        ValueError: if it is no JSON, no UTF-8, nested too deeply, or has a key twice, of which two
            readers might take two values.
    """
    try:
        plain = text if isinstance(text, str) else text.decode("utf-8")
        return json.loads(plain, object_pairs_hook=_object)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in members:
        if key in found:
            raise ValueError(f"it repeats the key {shown(key)}")
        found[key] = value
    return found


def shown(value: object) -> str:
    """Write a wrong value into a sentence, no more than a part of a line."""
    try:
        text = repr(value)
    except ValueError:  # an int of more digits than Python will print
        return "a number of thousands of digits"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def finite(value: object) -> float | None:
    """The value as a finite float; None if it is a text, a truth value, or none that fits."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:  # an int of more than 308 digits
        return None
    return number if math.isfinite(number) else None


def read_number(value: object, name: str) -> float:
    """Take a finite number.

    Args:
        value: what stands there; neither a text nor a truth value is a number.
        name: of the field, for the error.

    Raises:
        ValueError: with one sentence.
    """
    number = finite(value)
    if number is not None:
        return number
    raise ValueError(f"`{name}` must be a finite number, but is {shown(value)} instead")


def read_whole(value: object, name: str, least: int = 0) -> int:
    """Take a whole number of at least `least` that 64 bits hold.

    Raises:
        ValueError: with one sentence.
    """
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= LARGEST:
        return value
    raise ValueError(
        f"`{name}` must be a whole number of at least {least}, but is {shown(value)} instead"
    )


def read_text(value: object, name: str) -> str:
    """Take a text.

    Raises:
        ValueError: with one sentence.
    """
    if isinstance(value, str):
        return value
    raise ValueError(f"`{name}` must be a text, but is {shown(value)} instead")
