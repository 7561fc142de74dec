"""Operating points from both kinds of files."""

import json
import re
from pathlib import Path

import pytest

from pf_fairseq.artefact.operating_points import read_operating_points
from pf_fairseq.errors import InputError
from pf_fairseq.exiting.point import OperatingPoint, PointOrigin, PointSet
from pf_fairseq.modules.policies import EntropyPolicy

TWO = {"name": "2", "target_speedup": 2.0, "threshold": 0.31, "speedup": 2.02, "accuracy": 0.8}
THREE = {"name": "3", "target_speedup": 3.0, "threshold": 0.52, "speedup": 3.1, "accuracy": 0.75}
UNREACHED = {
    "name": "9",
    "target_speedup": 9.0,
    "threshold": None,
    "speedup": None,
    "accuracy": None,
    "reason": "with 4 layers no speed-up is beyond 4",
}


def write(folder: Path, content: object) -> Path:
    path = folder / "points.json"
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding="utf-8")
    return path


ORIGIN = PointOrigin("SST-2", EntropyPolicy.description, "a" * 64, "float32", 2, 3, "held")


def calibrated(*points: object, default: object = "3", **changes: object) -> dict[str, object]:
    head = {"format_version": 2, **ORIGIN.to_dict(), "default": default}
    return {**head, "operating_points": list(points), **changes}


def report(*points: dict[str, object]) -> dict[str, object]:
    extended = [{**point, "f1": 0.7, "exit_counts": [1, 2]} for point in points]
    head = {"format_version": 2, **ORIGIN.to_dict(), "n_layers": 4}
    return {**head, "operating_points": extended, "curve": []}


def read(path: Path, task: str = "SST-2", sha: str = "a" * 64, dtype: str = "float32") -> PointSet:
    return read_operating_points(path, task=task, checkpoint_sha256=sha, dtype=dtype)


def test_calibrated_points_name_their_default(tmp_path: Path) -> None:
    found = read(write(tmp_path, calibrated(TWO, THREE)))
    assert found.origin == ORIGIN
    points, default = found.points, found.default
    assert points == [
        OperatingPoint("2", 2.0, 0.31, 2.02, 0.8),
        OperatingPoint("3", 3.0, 0.52, 3.1, 0.75),
    ]
    assert default == "3"


def test_a_report_makes_2_the_default(tmp_path: Path) -> None:
    found = read(write(tmp_path, report(THREE, TWO)))
    points, default = found.points, found.default
    assert [point.name for point in points] == ["3", "2"] and default == "2"


def test_a_report_without_2_has_full_depth_as_default(tmp_path: Path) -> None:
    found = read(write(tmp_path, report(THREE)))
    points, default = found.points, found.default
    assert [point.name for point in points] == ["3"] and default is None


def test_what_could_not_be_reached_is_left_out(tmp_path: Path) -> None:
    found = read(write(tmp_path, report(TWO, UNREACHED)))
    points, default = found.points, found.default
    assert [point.name for point in points] == ["2"] and default == "2"
    path = write(tmp_path, calibrated(UNREACHED, default=None))
    assert (read(path).points, read(path).default) == ([], None)


def test_a_report_without_labels_has_no_accuracy(tmp_path: Path) -> None:
    unlabelled = {name: value for name, value in TWO.items() if name != "accuracy"}
    points = read(write(tmp_path, report(unlabelled))).points
    assert points == [OperatingPoint("2", 2.0, 0.31, 2.02, None)]


def test_no_default_means_full_depth(tmp_path: Path) -> None:
    assert read(write(tmp_path, calibrated(TWO, default=None))).default is None


def test_a_default_that_is_no_point_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, calibrated(TWO, UNREACHED, default="9"))
    with pytest.raises(InputError, match="names '9' as default, but its points are: 2"):
        read(path)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        {"operating_points": None},
        {"operating_points": {"name": "2"}},
        {"operating_points": [{"name": "2"}]},
        {"operating_points": [{**TWO, "threshold": "NaN"}]},
        {"operating_points": [{**TWO, "threshold": float("nan")}]},
        {"operating_points": [{**TWO, "threshold": float("inf")}]},
        {"operating_points": [{**TWO, "speedup": float("nan")}]},
        {"operating_points": [{**TWO, "speedup": None}]},
        {"operating_points": [{**TWO, "accuracy": "high"}]},
        {"operating_points": [{**TWO, "threshold": 10**400}]},
        {"operating_points": [{**TWO, "threshold": "0.5"}]},
        {"operating_points": [{**TWO, "threshold": True}]},
        {"operating_points": [TWO, TWO]},
        "[" * 100_000,
        '{"operating_points": [], "format_version": 2, "policy": "entropy"}',
        calibrated(TWO, check_interval=0),
        calibrated(TWO, checkpoint_sha256=None),
    ],
)
def test_what_holds_no_points_is_refused(tmp_path: Path, content: object) -> None:
    path = write(tmp_path, content)
    with pytest.raises(InputError, match=re.escape(f"`{path}` holds no operating points (")):
        read(path)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read \(No such file or directory\)"):
        read(tmp_path / "missing.json")
    with pytest.raises(InputError, match=r"cannot be read \(Is a directory\)"):
        read(tmp_path)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "points.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="holds no operating points"):
        read(path)


def test_points_of_another_task(tmp_path: Path) -> None:
    for content in (calibrated(THREE), report(THREE)):
        with pytest.raises(InputError, match="for the task 'SST-2', but this model has .* 'MRPC'"):
            read(write(tmp_path, content), task="MRPC")


def test_points_of_another_checkpoint_or_dtype(tmp_path: Path) -> None:
    for content in (calibrated(THREE), report(THREE)):
        path = write(tmp_path, content)
        with pytest.raises(InputError, match="for the checkpoint 'aaa.* has the checkpoint 'bbb"):
            read(path, sha="b" * 64)
        with pytest.raises(InputError, match="for the dtype 'float32', .* the dtype 'bfloat16'"):
            read(path, dtype="bfloat16")


def test_format_1_is_taken_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    content = {"format_version": 1, "task": "SST-2", "default": "3", "operating_points": [THREE]}
    of_format_1 = {"task": "SST-2", "n_layers": 4, "operating_points": [TWO], "curve": []}
    for each, default in ((content, "3"), (of_format_1, "2")):
        caplog.clear()
        found = read(write(tmp_path, each))
        assert found.origin is None and found.default == default
        (record,) = caplog.records
        assert "so nothing could be compared; run `pf-fairseq calibrate`" in record.getMessage()


@pytest.mark.parametrize("version", [3, 0, True, "1", None])
def test_a_newer_version(version: object, tmp_path: Path) -> None:
    content = {**calibrated(THREE), "format_version": version}
    with pytest.raises(InputError, match=re.escape(f"has format version {version!r}")):
        read(write(tmp_path, content))
