"""Operating points as they travel: one dataclass, one JSON form, for files and archives alike."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from pf_fairseq.modules.policy_description import PolicyDescription
from pf_fairseq.values import read_number, read_text, read_whole, shown


@dataclass(frozen=True)
class OperatingPoint:
    """A named parameter of the policy, with what it gave on a split.

    Attributes:
        name: by which programs ask for it, such as "2".
        target_speedup: the speed-up that it was chosen for; None: by another rule.
        threshold: the policy's parameter, in the policy's unit.
        speedup: Eq. (15), on the rows that the figures are of.
        accuracy: on these rows, in [0, 1]; None without labels.
    """

    name: str
    target_speedup: float | None
    threshold: float
    speedup: float
    accuracy: float | None

    def to_dict(self) -> dict[str, Any]:
        """The five fields, in their order."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: object) -> "OperatingPoint":
        """Read what `to_dict` wrote; further fields are passed over.

        Raises:
            ValueError: naming the field that is missing or wrong.
        """
        if not isinstance(content, Mapping):
            raise ValueError(f"a point must be an object, but is {shown(content)} instead")
        target, accuracy = content.get("target_speedup"), content.get("accuracy")
        return cls(
            name=read_text(content.get("name"), "name"),
            target_speedup=None if target is None else read_number(target, "target_speedup"),
            threshold=read_number(content.get("threshold"), "threshold"),
            speedup=read_number(content.get("speedup"), "speedup"),
            accuracy=None if accuracy is None else read_number(accuracy, "accuracy"),
        )


@dataclass(frozen=True)
class PointOrigin:
    """What points were chosen with, without which they mean nothing.

    Attributes:
        task: the task's name.
        policy: whose parameter a point's threshold is.
        checkpoint_sha256: hash of the checkpoint, of which an archive may have been made.
        dtype: of weights and arithmetic when the exits were recorded.
        min_exit_layer: first layer that is checked, 1-based.
        check_interval: layers between two checks.
        split: whose rows the points were chosen on; `SPLIT:FRACTION` is a seeded part of it.
    """

    task: str
    policy: PolicyDescription
    checkpoint_sha256: str
    dtype: str
    min_exit_layer: int
    check_interval: int
    split: str

    def to_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)} | {
            "policy": self.policy.to_dict()
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "PointOrigin":
        """Read what `to_dict` wrote; further fields are passed over.

        Raises:
            ValueError: naming the field that is missing or wrong.
        """
        return cls(
            task=read_text(content.get("task"), "task"),
            policy=PolicyDescription.from_dict(content.get("policy")),
            checkpoint_sha256=read_text(content.get("checkpoint_sha256"), "checkpoint_sha256"),
            dtype=read_text(content.get("dtype"), "dtype"),
            min_exit_layer=read_whole(content.get("min_exit_layer"), "min_exit_layer", 1),
            check_interval=read_whole(content.get("check_interval"), "check_interval", 1),
            split=read_text(content.get("split"), "split"),
        )


@dataclass(frozen=True)
class PointSet:
    """Points of one origin, and the name of the one used by default.

    Attributes:
        points: in the order asked for.
        default: a point's name; None: full depth.
        origin: None for files that are older than it, which cannot be compared with anything.
    """

    points: list[OperatingPoint]
    default: str | None
    origin: PointOrigin | None

    def default_threshold(self, never: float) -> float:
        """Parameter of the default point, or `never` where full depth is the default."""
        chosen = [point.threshold for point in self.points if point.name == self.default]
        return chosen[0] if chosen else never


NO_POINTS = PointSet([], None, None)
