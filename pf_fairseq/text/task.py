"""`task.json`: what a data-bin holds and how a model must be trained on it."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from pf_fairseq.errors import InputError
from pf_fairseq.files import read_json_object, write_text
from pf_fairseq.text.inputs import InputLayout

TASK_NAME = "task.json"
FORMAT_VERSION = 1
DEFAULT_MAX_POSITIONS = 512  # fairseq's own, of task and model alike


@dataclass(frozen=True)
class TaskDescription:
    """What `task.json` says about a data-bin.

    Args:
        task: name of the GLUE task, or `custom`.
        labels: the classes, in the order of their numbers.
        pair: whether an input is two texts.
        tokenizer: kind of the tokenizer whose files lie in `tokenizer/`.
        special_tokens: id of each of bos, pad, eos, unk and mask.
        init_token: id of the first token of every finished input.
        separator_token: id before the second text of a pair; none: nothing stands there.
        max_tokens: most tokens of a finished input, special ones included.
        metrics: scores that the task is judged by; accuracy is always the first.
        fairseq_flags: flags of `fairseq-train` that fit this data.
    """

    task: str
    labels: list[str]
    pair: bool
    tokenizer: str
    special_tokens: dict[str, int]
    init_token: int
    separator_token: int | None
    max_tokens: int
    metrics: list[str]
    fairseq_flags: list[str]

    @property
    def layout(self) -> InputLayout:
        """Special tokens of a finished input and their places."""
        return InputLayout(self.init_token, self.special_tokens["eos"], self.separator_token)

    def write(self, data_bin: Path) -> None:
        """Write `task.json` into the folder `data_bin`."""
        content = {"format_version": FORMAT_VERSION, **asdict(self)}
        write_text(data_bin / TASK_NAME, json.dumps(content, indent=2, ensure_ascii=False) + "\n")

    @classmethod
    def read(cls, data_bin: Path) -> "TaskDescription":
        """Read `task.json` of the folder `data_bin`.

        Raises:
            InputError: if it is missing, newer than this version, or not what we write.
        """
        path = data_bin / TASK_NAME
        content = read_json_object(
            path,
            absent="give a folder that `pf-fairseq preprocess` wrote",
            damaged="run `pf-fairseq preprocess` again",
        )
        version = content.pop("format_version", None)
        if type(version) is not int or version > FORMAT_VERSION:
            raise InputError(
                f"`{path}` has format version {version!r}, but this pf_fairseq reads up to "
                f"{FORMAT_VERSION}; update pf_fairseq or run `pf-fairseq preprocess` again."
            )
        known: dict[str, Any] = {name: content.get(name) for name in _CHECKS}
        wrong = [name for name, value in known.items() if not _CHECKS[name](value)]
        if wrong:
            raise InputError(
                f"`{path}` is damaged: `{wrong[0]}` is {known[wrong[0]]!r}; run `pf-fairseq "
                "preprocess` again."
            )
        return cls(**known)


def fairseq_flags(n_classes: int, layout: InputLayout, max_tokens: int) -> list[str]:
    """Give the flags of `fairseq-train` that fit a data-bin."""
    flags = ["--task", "sentence_prediction", "--num-classes", str(n_classes)]
    flags += ["--init-token", str(layout.init_token)]
    if layout.separator_token is not None:
        flags += ["--separator-token", str(layout.separator_token)]
    if max_tokens > DEFAULT_MAX_POSITIONS:
        flags += ["--max-positions", str(max_tokens)]
    # fairseq's default of 8 leaves the last sentences out, of the validation set too.
    return [*flags, "--required-batch-size-multiple", "1"]


def _is_id(value: object) -> bool:
    return type(value) is int and value >= 0


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_special_tokens(value: object) -> bool:
    names = {"bos", "pad", "eos", "unk", "mask"}
    return isinstance(value, dict) and set(value) == names and all(map(_is_id, value.values()))


_CHECKS = {
    "task": lambda value: isinstance(value, str),
    "labels": lambda value: _is_texts(value) and len(set(value)) == len(value) >= 2,
    "pair": lambda value: isinstance(value, bool),
    "tokenizer": lambda value: isinstance(value, str),
    "special_tokens": _is_special_tokens,
    "init_token": _is_id,
    "separator_token": lambda value: value is None or _is_id(value),
    "max_tokens": lambda value: _is_id(value) and value > 0,
    "metrics": _is_texts,
    "fairseq_flags": _is_texts,
}
assert list(_CHECKS) == [field.name for field in fields(TaskDescription)]
