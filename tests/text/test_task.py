"""`task.json` there and back, and the sentences when it is damaged."""

import json
from pathlib import Path

import pytest

from pf_fairseq.errors import InputError
from pf_fairseq.text.inputs import InputLayout
from pf_fairseq.text.task import TaskDescription, fairseq_flags

DESCRIPTION = TaskDescription(
    task="MRPC",
    labels=["0", "1"],
    pair=True,
    tokenizer="roberta",
    special_tokens={"bos": 0, "pad": 1, "eos": 2, "unk": 3, "mask": 404},
    init_token=0,
    separator_token=2,
    max_tokens=128,
    metrics=["accuracy", "f1"],
    fairseq_flags=fairseq_flags(2, InputLayout(0, 2, 2), 128),
)


def test_reads_what_it_wrote(tmp_path: Path) -> None:
    DESCRIPTION.write(tmp_path)
    assert TaskDescription.read(tmp_path) == DESCRIPTION
    assert DESCRIPTION.layout == InputLayout(init_token=0, eos_token=2, separator_token=2)
    assert json.loads((tmp_path / "task.json").read_text())["format_version"] == 1


def test_flags() -> None:
    single = ["--task", "sentence_prediction", "--num-classes", "3", "--init-token", "0"]
    every_row = ["--required-batch-size-multiple", "1"]
    assert fairseq_flags(3, InputLayout(0, 2), 512) == [*single, *every_row]
    pair = fairseq_flags(3, InputLayout(0, 2, 2), 513)
    assert pair == [*single, "--separator-token", "2", "--max-positions", "513", *every_row]


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"task.json` cannot be read \(No such file"):
        TaskDescription.read(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "is not JSON"), ("[]", "must hold a JSON object"), ("{}", "format version None")],
)
def test_no_task_json(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "task.json").write_text(text)
    with pytest.raises(InputError, match=message):
        TaskDescription.read(tmp_path)


def _changed(folder: Path, **values: object) -> Path:
    DESCRIPTION.write(folder)
    content = json.loads((folder / "task.json").read_text())
    (folder / "task.json").write_text(json.dumps({**content, **values}))
    return folder


def test_newer_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="format version 2, but this pf_fairseq reads up to 1"):
        TaskDescription.read(_changed(tmp_path, format_version=2))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("task", 3),
        ("labels", ["0", "0"]),
        ("labels", ["0"]),
        ("labels", "01"),
        ("pair", 1),
        ("tokenizer", None),
        ("special_tokens", {"bos": 0}),
        ("special_tokens", {"bos": 0, "pad": 1, "eos": 2, "unk": 3, "mask": "x"}),
        ("init_token", -1),
        ("separator_token", "2"),
        ("max_tokens", 0),
        ("metrics", None),
        ("fairseq_flags", [1]),
    ],
)
def test_damaged_value_is_named(name: str, value: object, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"is damaged: `{name}` is "):
        TaskDescription.read(_changed(tmp_path, **{name: value}))
