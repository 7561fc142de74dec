"""Fingerprints: what changes them, what does not, and what the refusal says."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pf_fairseq.errors import InputError
from pf_fairseq.text.fingerprint import DataFingerprint, dictionary_sha256, tokenizer_sha256

SOURCE = "checkpoint `c.pt`"


@pytest.fixture
def data(tiny_data: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_data, tmp_path / "data-bin"))


def _rename_label(data: Path, old: str, new: str) -> None:
    task = json.loads((data / "task.json").read_text())
    task["labels"] = [new if label == old else label for label in task["labels"]]
    (data / "task.json").write_text(json.dumps(task))
    (data / "label" / "dict.txt").write_text("".join(f"{label} 1\n" for label in task["labels"]))


def _swap_lines(path: Path, first: int, second: int) -> None:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[first], lines[second] = lines[second], lines[first]
    path.write_text("".join(lines), encoding="utf-8")


def _any_tokenizer_file(data: Path) -> Path:
    return sorted((data / "tokenizer").iterdir())[0]


def _check(known: DataFingerprint, data: Path) -> None:
    known.check(DataFingerprint.of_data_bin(data), source=SOURCE, folder=data)


def test_the_same_data_have_the_same_fingerprint(data: Path, tiny_data: Path) -> None:
    assert DataFingerprint.of_data_bin(data) == DataFingerprint.of_data_bin(tiny_data)
    _check(DataFingerprint.of_data_bin(tiny_data), data)
    task = json.loads((data / "task.json").read_text())
    assert DataFingerprint.of_data_bin(data).labels == tuple(task["labels"])


def test_another_label_is_refused(data: Path) -> None:
    known = DataFingerprint.of_data_bin(data)
    assert known.labels is not None
    _rename_label(data, known.labels[0], "zebra")
    with pytest.raises(InputError) as raised:
        _check(known, data)
    first, second = known.labels
    assert str(raised.value) == (
        f"checkpoint `c.pt` was not trained on data like `{data}`: its labels are {first!r}, "
        f"{second!r}, but the data's 'zebra', {second!r}; give the data that it was trained "
        "on, or train again on this."
    )


def test_another_order_of_labels_is_refused(data: Path) -> None:
    known = DataFingerprint.of_data_bin(data)
    assert known.labels is not None
    turned = DataFingerprint(known.labels[::-1], known.dictionary_sha256, known.tokenizer_sha256)
    assert len(turned.differences(known)) == 1


def test_two_lines_of_the_dictionary_exchanged(data: Path) -> None:
    known = DataFingerprint.of_data_bin(data)
    _swap_lines(data / "input0" / "dict.txt", 20, 30)
    with pytest.raises(InputError, match="the data has another dictionary .input0/dict.txt."):
        _check(known, data)


def test_a_changed_tokenizer(data: Path) -> None:
    known = DataFingerprint.of_data_bin(data)
    path = _any_tokenizer_file(data)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(InputError, match="the data has another tokenizer .tokenizer/."):
        _check(known, data)


def test_everything_that_differs_is_named(data: Path) -> None:
    known = DataFingerprint(("x", "y"), "0" * 64, "1" * 64)
    with pytest.raises(InputError, match="'x', 'y', but .* and .*dictionary.* and .*tokenizer"):
        _check(known, data)


def test_what_is_not_known_is_not_compared(data: Path) -> None:
    _check(DataFingerprint(None, None, None), data)
    shutil.rmtree(data / "tokenizer")
    found = DataFingerprint.of_data_bin(data)
    assert found.tokenizer_sha256 is None
    assert DataFingerprint(found.labels, found.dictionary_sha256, "1" * 64).differences(found) == []


def test_counts_and_line_ends_of_a_dictionary_do_not_matter() -> None:
    assert dictionary_sha256("a 1\nb 1\n") == dictionary_sha256("a 7\r\nb 3\r\n")
    assert dictionary_sha256("a 1\nb 1\n") != dictionary_sha256("b 1\na 1\n")


def test_names_and_contents_of_a_tokenizer_count() -> None:
    first = tokenizer_sha256({"a": b"1", "b": b"2"})
    assert first == tokenizer_sha256({"b": b"2", "a": b"1"})
    others = [
        {"a": b"12", "b": b""},
        {"a": b"1"},
        {"a": b"1", "c": b"2"},
        {"a\n1\n1": b"", "b": b""},
    ]
    assert len({first, *map(tokenizer_sha256, others)}) == 5


def test_fairseqs_fillers_are_no_labels(data: Path) -> None:
    known = DataFingerprint.of_data_bin(data)
    path = data / "label" / "dict.txt"
    path.write_text(path.read_text() + "madeupword0000 0\nmadeupword0001 0\n")
    assert DataFingerprint.of_data_bin(data) == known


def test_two_files_that_name_other_labels(data: Path) -> None:
    _swap_lines(data / "label" / "dict.txt", 0, 1)
    with pytest.raises(InputError, match="task.json and label/dict.txt name other labels; run"):
        DataFingerprint.of_data_bin(data)


def test_a_missing_dictionary(data: Path) -> None:
    (data / "input0" / "dict.txt").unlink()
    with pytest.raises(InputError, match=re.escape("input0/dict.txt` cannot be read")):
        DataFingerprint.of_data_bin(data)


def test_json_there_and_back(data: Path) -> None:
    for known in (DataFingerprint.of_data_bin(data), DataFingerprint(None, "0" * 64, None)):
        content = json.loads(json.dumps(known.to_json()))
        assert DataFingerprint.from_json(content, SOURCE) == known


@pytest.mark.parametrize(
    "content",
    [7, [], {"labels": "ab"}, {"labels": [1]}, {"dictionary_sha256": 3}, {"tokenizer_sha256": []}],
)
def test_a_damaged_entry(content: Any) -> None:
    with pytest.raises(InputError, match="checkpoint `c.pt` has a damaged fingerprint"):
        DataFingerprint.from_json(content, SOURCE)


def test_it_needs_neither_torch_nor_fairseq() -> None:
    names = "'torch' in sys.modules, 'fairseq' in sys.modules"
    code = f"import sys, pf_fairseq.text.fingerprint; print({names})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
