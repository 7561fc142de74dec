"""`metadata.json`: what an archive says about itself."""

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from pf_fairseq.errors import InputError

FORMAT_VERSION = 1


@dataclass(frozen=True)
class OperatingPoint:
    """A named threshold (nats) with the speed-up and accuracy that it gave on a split."""

    name: str
    target_speedup: float | None
    threshold: float
    speedup: float
    accuracy: float | None


@dataclass(frozen=True)
class TokenizerEntry:
    """Which tokenizer lies in the archive, and how its ids map to the model's (None: equal)."""

    kind: str
    files: list[str]
    token_id_map: list[int] | None


@dataclass(frozen=True)
class ArchiveMetadata:
    """Everything a runtime needs beside the module; see `docs/archive.md`."""

    backbone: str
    exit_method: str
    policy: str
    task: str
    labels: list[str]
    pair: bool
    n_layers: int
    vocab_size: int
    max_positions: int
    max_tokens: int
    special_tokens: dict[str, int]
    init_token: int
    separator_token: int | None
    dtype: str
    min_exit_layer: int
    check_interval: int
    operating_points: list[OperatingPoint]
    default: str | None
    default_threshold: float
    tokenizer: TokenizerEntry | None
    checkpoint_sha256: str
    versions: dict[str, str] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION

    def to_json(self) -> str:
        """Write as JSON text."""
        return json.dumps(asdict(self), ensure_ascii=False, allow_nan=False, indent=1)

    @classmethod
    def from_json(cls, text: str, source: str) -> "ArchiveMetadata":
        """Read JSON text.

        Args:
            text: content of `metadata.json`.
            source: path of the archive, for the error.

        Raises:
            InputError: if it is not ours or newer than this version.
        """
        try:
            content: dict[str, Any] = json.loads(text)
            version = int(content["format_version"])
            if version <= FORMAT_VERSION:
                return cls._from_content(content)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise InputError(
                f"archive `{source}` has no readable metadata.json; export it again with "
                f"`python export/script.py`."
            ) from error
        raise InputError(
            f"archive `{source}` has format version {version}, but this pf_fairseq reads up "
            f"to {FORMAT_VERSION}; update pf_fairseq."
        )

    @classmethod
    def _from_content(cls, content: dict[str, Any]) -> "ArchiveMetadata":
        known = {each.name for each in fields(cls)}
        content = {key: value for key, value in content.items() if key in known}
        content["operating_points"] = [OperatingPoint(**p) for p in content["operating_points"]]
        if content["tokenizer"] is not None:
            content["tokenizer"] = TokenizerEntry(**content["tokenizer"])
        return cls(**content)

    def threshold_for(self, speedup: float) -> float:
        """Threshold in nats of the operating point for `speedup`; 1 always means full depth.

        Raises:
            InputError: if the archive has no such point; it lists those it has.
        """
        for point in self.operating_points:
            if point.target_speedup == speedup:
                return point.threshold
        if speedup == 1:
            return 0.0
        names = ", ".join(point.name for point in self.operating_points) or "none"
        raise InputError(
            f"the archive has no operating point for a speed-up of {speedup:g}; "
            f"it has: {names}. Export it with `--operating-points`."
        )
