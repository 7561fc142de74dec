"""`metadata.json`: what an archive says about itself."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pf_fairseq.artefact.operating_points import read_points
from pf_fairseq.errors import InputError
from pf_fairseq.exiting.point import OperatingPoint
from pf_fairseq.modules.policy_description import PolicyDescription
from pf_fairseq.text.inputs import InputLayout, check_max_tokens
from pf_fairseq.text.special_pieces import SpecialPieces
from pf_fairseq.text.tokenizer import TOKENIZERS
from pf_fairseq.values import parse_json, read_number, read_text, read_whole, shown

FORMAT_VERSION = 2
SPECIAL_TOKENS = ("bos", "pad", "eos", "unk", "mask")
# Format 1 knew one policy, and wrote its name alone.
POLICY_OF_FORMAT_1 = PolicyDescription("entropy", "nats", sign=-1, never=0.0)


@dataclass(frozen=True)
class TokenizerEntry:
    """Which tokenizer lies in the archive, and how its ids map to the model's.

    Attributes:
        kind: name of the kind.
        files: names of its own files.
        token_id_map: the model's id of each of its own ids; None: they are equal.
        special_pieces: what its files call the five special tokens; None in format 1, where each
            kind has the names that it had then.
    """

    kind: str
    files: list[str]
    token_id_map: list[int] | None
    special_pieces: SpecialPieces | None = None

    def to_dict(self) -> dict[str, Any]:
        """The fields, as `metadata.json` has them."""
        pieces = None if self.special_pieces is None else self.special_pieces._asdict()
        return {**asdict(self), "special_pieces": pieces}


@dataclass(frozen=True)
class DataEntry:
    """Fingerprint of the data that the model was trained on; None where it is not known."""

    dictionary_sha256: str | None
    tokenizer_sha256: str | None


@dataclass(frozen=True)
class LabelAgreement:
    """How many labels of an archive of another dtype are those of float32.

    Attributes:
        split: whose rows were compared.
        rows: how many they are.
        full_depth: share of them with the same label at full depth.
        points: the same at each operating point, by its name, against float32's own point.
    """

    split: str
    rows: int
    full_depth: float
    points: dict[str, float]


@dataclass(frozen=True)
class ArchiveMetadata:
    """Everything a runtime needs beside the module; see `docs/archive.md`."""

    backbone: str
    exit_method: str
    policy: PolicyDescription
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
    split: str | None = None  # that the points were chosen on
    label_agreement: LabelAgreement | None = None
    data: DataEntry = DataEntry(None, None)
    versions: dict[str, str] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION

    def to_json(self) -> str:
        """Write as JSON text."""
        tokenizer = None if self.tokenizer is None else self.tokenizer.to_dict()
        content = {**asdict(self), "policy": self.policy.to_dict(), "tokenizer": tokenizer}
        return json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1)

    @classmethod
    def from_json(cls, text: str | bytes, source: str) -> "ArchiveMetadata":
        """Read JSON text of this format or an older one.

        Args:
            text: content of `metadata.json`.
            source: path of the archive, for the error.

        Raises:
            InputError: if it is not ours, newer than this version, or contradicts itself.
        """
        try:
            content = parse_json(text)
            if not isinstance(content, Mapping):
                raise ValueError(f"it must be a JSON object, but is {shown(content)} instead")
            version = read_whole(content.get("format_version"), "format_version", 1)
            if version <= FORMAT_VERSION:
                return _from_content(content, version)
        except ValueError as error:
            raise InputError(
                f"archive `{source}` has no readable metadata.json ({str(error).rstrip('.')}); "
                f"export it again with `pf-fairseq export`."
            ) from error
        raise InputError(
            f"archive `{source}` has format version {shown(version)}, but this pf_fairseq reads up "
            f"to {FORMAT_VERSION}; update pf_fairseq."
        )

    def threshold_for(self, speedup: float) -> float:
        """Parameter of the operating point for `speedup`; 1 always means full depth.

        Raises:
            InputError: if there is no such point; it lists those there are.
        """
        for point in self.operating_points:
            if point.target_speedup == speedup:
                return point.threshold
        if speedup == 1:
            return self.policy.never
        names = ", ".join(point.name for point in self.operating_points) or "none"
        raise InputError(
            f"`speedup` must be that of an operating point, but is {speedup:g} instead; there are: "
            f"{names}. Choose thresholds with `pf-fairseq calibrate` and give its file to "
            f"`pf-fairseq export --operating-points` or `load(..., operating_points=...)`."
        )


def _from_content(content: Mapping[str, Any], version: int) -> ArchiveMetadata:
    values = {name: read(content.get(name), name) for name, read in _READERS.items()}
    for name in ("separator_token", "default", "tokenizer"):  # null is a value of theirs
        if name not in content:
            raise ValueError(f"it has no `{name}`")
    points = read_points(content.get("operating_points"))
    if version == 1:
        if content.get("policy") != POLICY_OF_FORMAT_1.name:
            raise ValueError(
                f"`policy` must be '{POLICY_OF_FORMAT_1.name}' in format 1, but is "
                f"{shown(content.get('policy'))} instead"
            )
        policy, data = POLICY_OF_FORMAT_1, DataEntry(None, None)
    else:
        policy = PolicyDescription.from_dict(content.get("policy"))
        data = _read_data(content.get("data"))
    metadata = ArchiveMetadata(
        **values, operating_points=points, policy=policy, data=data, format_version=version
    )
    _check_consistency(metadata)
    return metadata


def _check_consistency(metadata: ArchiveMetadata) -> None:
    """Refuse metadata whose fields contradict each other."""
    specials = metadata.special_tokens
    layout = InputLayout(metadata.init_token, specials["eos"], metadata.separator_token)
    check_max_tokens(metadata.max_tokens, layout, metadata.pair)
    ids = {f"special_tokens.{name}": token for name, token in specials.items()}
    ids |= {"init_token": layout.init_token, "separator_token": layout.separator_token or 0}
    if metadata.tokenizer is not None:
        ids["tokenizer.token_id_map"] = max(metadata.tokenizer.token_id_map or [0])
    beyond = next((name for name, token in ids.items() if token >= metadata.vocab_size), None)
    alone = specials["pad"] not in (layout.init_token, layout.eos_token)
    default = metadata.default
    thresholds = {point.name: point.threshold for point in metadata.operating_points}
    expected = metadata.policy.never if default is None else thresholds.get(default)
    rules = [
        (beyond is None, f"an id of `{beyond}` is beyond `vocab_size` {metadata.vocab_size}"),
        (alone, "it must have a `pad` of its own, but `init_token` or `eos` is it"),
        (metadata.max_tokens <= metadata.max_positions, "`max_tokens` is beyond `max_positions`"),
        (metadata.min_exit_layer <= metadata.n_layers, "`min_exit_layer` is beyond `n_layers`"),
        (default is None or default in thresholds, f"`default` {shown(default)} is no point"),
        (metadata.default_threshold == expected, "`default_threshold` is not that of `default`"),
    ]
    for holds, complaint in rules:
        if not holds:
            raise ValueError(complaint)


def _read_labels(value: object, name: str) -> list[str]:
    labels = _read_texts(value, name)
    if len(labels) < 2 or len(set(labels)) < len(labels):
        raise ValueError(f"`{name}` must be different texts, two at least, but is {shown(value)}")
    return labels


def _read_texts(value: object, name: str) -> list[str]:
    if not isinstance(value, list):
        raise ValueError(f"`{name}` must be a list of texts, but is {shown(value)} instead")
    return [read_text(each, name) for each in value]


def _read_flag(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"`{name}` must be true or false, but is {shown(value)} instead")
    return value


def _read_special_tokens(value: object, name: str) -> dict[str, int]:
    if not isinstance(value, Mapping):
        raise ValueError(f"`{name}` must be an object, but is {shown(value)} instead")
    return {key: read_whole(value.get(key), f"{name}.{key}") for key in SPECIAL_TOKENS}


def _read_tokenizer(value: object, name: str) -> TokenizerEntry | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise ValueError(f"`{name}` must be an object or null, but is {shown(value)} instead")
    ids = value.get("token_id_map")
    if ids is not None and not isinstance(ids, list):
        raise ValueError(f"`{name}.token_id_map` must be a list, but is {shown(ids)} instead")
    return TokenizerEntry(
        kind=_read_kind(value.get("kind"), name),
        files=_read_texts(value.get("files"), f"{name}.files"),
        token_id_map=ids and [read_whole(each, f"{name}.token_id_map") for each in ids],
        special_pieces=_read_pieces(value.get("special_pieces"), f"{name}.special_pieces"),
    )


def _read_kind(value: object, name: str) -> str:
    kind = read_text(value, f"{name}.kind")
    if kind not in TOKENIZERS:
        *others, last = map(repr, TOKENIZERS)
        raise ValueError(
            f"it must have a `{name}` of the `kind` {', '.join(others)} or {last}, but it is "
            f"{shown(kind)} instead; export the archive with --no-tokenizer to classify token ids"
        )
    return kind


def _read_pieces(value: object, name: str) -> SpecialPieces | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise ValueError(f"`{name}` must be an object, but is {shown(value)} instead")
    texts = {key: _maybe(read_text)(value.get(key), f"{name}.{key}") for key in SPECIAL_TOKENS}
    return SpecialPieces(**texts)


def _read_data(value: object) -> DataEntry:
    if not isinstance(value, Mapping):
        raise ValueError(f"`data` must be an object, but is {shown(value)} instead")
    names = ("dictionary_sha256", "tokenizer_sha256")
    return DataEntry(*(_maybe(read_text)(value.get(name), f"data.{name}") for name in names))


def _read_agreement(value: object, name: str) -> LabelAgreement | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or not isinstance(value.get("points"), Mapping):
        raise ValueError(f"`{name}` must be an object with `points`, but is {shown(value)} instead")
    return LabelAgreement(
        split=read_text(value.get("split"), f"{name}.split"),
        rows=_positive(value.get("rows"), f"{name}.rows"),
        full_depth=read_number(value.get("full_depth"), f"{name}.full_depth"),
        points={
            read_text(key, f"{name}.points"): read_number(share, f"{name}.points.{key}")
            for key, share in value["points"].items()
        },
    )


def _read_versions(value: object, name: str) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise ValueError(f"`{name}` must be an object, but is {shown(value)} instead")
    return {key: read_text(text, name) for key, text in value.items()}


def _maybe(read: Callable[[object, str], Any]) -> Callable[[object, str], Any]:
    return lambda value, name: None if value is None else read(value, name)


def _positive(value: object, name: str) -> int:
    return read_whole(value, name, 1)


_READERS: dict[str, Callable[[object, str], Any]] = {
    "backbone": read_text,
    "exit_method": read_text,
    "task": read_text,
    "labels": _read_labels,
    "pair": _read_flag,
    "n_layers": _positive,
    "vocab_size": _positive,
    "max_positions": _positive,
    "max_tokens": _positive,
    "special_tokens": _read_special_tokens,
    "init_token": read_whole,
    "separator_token": _maybe(read_whole),
    "dtype": read_text,
    "min_exit_layer": _positive,
    "check_interval": _positive,
    "default": _maybe(read_text),
    "default_threshold": read_number,
    "tokenizer": _read_tokenizer,
    "checkpoint_sha256": read_text,
    "split": _maybe(read_text),
    "label_agreement": _read_agreement,
    "versions": _read_versions,
}
