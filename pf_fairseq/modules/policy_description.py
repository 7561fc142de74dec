"""What an archive says of the policy inside it: plain data, for those that never run it."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

# Those of `POLICIES`, for command lines that answer `--help` without torch.
POLICY_NAMES = ("entropy", "max_probability")


@dataclass(frozen=True)
class PolicyDescription:
    """How a policy's scores and its parameter are to be read.

    Attributes:
        name: of the policy.
        parameter_unit: unit of its scores and of its parameter.
        sign: -1 if a sentence leaves with a score below the parameter, 1 if with one above it.
        never: the parameter at which no sentence leaves before the last exit.
    """

    name: str
    parameter_unit: str
    sign: int
    never: float

    def to_dict(self) -> dict[str, Any]:
        """The four fields, as `metadata.json` has them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: object) -> "PolicyDescription":
        """Read what `to_dict` wrote; further fields are passed over.

        Raises:
            ValueError: naming the first field that is missing or wrong.
        """
        if not isinstance(content, Mapping):
            raise ValueError(f"`policy` must be an object, but is {content!r:.80} instead.")
        for field in ("name", "parameter_unit"):
            if not isinstance(content.get(field), str) or not content[field]:
                raise ValueError(_wrong(content, field, "a text that is not empty"))
        if type(content.get("sign")) is not int or content["sign"] not in (-1, 1):
            raise ValueError(_wrong(content, "sign", "-1 or 1"))
        return cls(
            content["name"], content["parameter_unit"], content["sign"], _finite(content, "never")
        )


def _finite(content: Mapping[str, Any], field: str) -> float:
    value = content.get(field)
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:  # an int of more than 308 digits
            number = math.inf
        if math.isfinite(number):
            return number
    raise ValueError(_wrong(content, field, "a finite number"))


def _wrong(content: Mapping[str, Any], field: str, rule: str) -> str:
    value = f"{content[field]!r:.80}" if field in content else "missing"
    return f"`policy.{field}` must be {rule}, but is {value} instead."
