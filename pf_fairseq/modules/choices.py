"""Options that are one of a few names."""

from collections.abc import Sequence


def check_choice(option: str, value: str, choices: Sequence[str]) -> None:
    """Refuse a name that is none of `choices`.

    Raises:
        ValueError: naming the option, its choices and the value.
    """
    if value not in choices:
        raise ValueError(
            f"`{option}` must be one of {', '.join(choices)}, but is {value!r} instead."
        )
