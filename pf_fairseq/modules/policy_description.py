"""What an archive says of the policy inside it: plain data, for those that never run it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pf_fairseq.values import finite

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
        never = finite(content.get("never"))
        if never is None:
            raise ValueError(_wrong(content, "never", "a finite number"))
        return cls(content["name"], content["parameter_unit"], content["sign"], never)


def _wrong(content: Mapping[str, Any], field: str, rule: str) -> str:
    value = f"{content[field]!r:.80}" if field in content else "missing"
    return f"`policy.{field}` must be {rule}, but is {value} instead."
