"""Operating points from both kinds of files."""

import json
import re
from pathlib import Path

import pytest

from pf_fairseq.artefact.metadata import OperatingPoint
from pf_fairseq.artefact.operating_points import read_operating_points
from pf_fairseq.errors import InputError

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


def calibrated(*points: object, default: object = "3") -> dict[str, object]:
    return {
        "format_version": 1,
        "task": "SST-2",
        "default": default,
        "operating_points": list(points),
    }


def report(*points: dict[str, object]) -> dict[str, object]:
    extended = [{**point, "f1": 0.7, "exit_counts": [1, 2]} for point in points]
    return {"task": "SST-2", "n_layers": 4, "operating_points": extended, "curve": []}


def test_calibrated_points_name_their_default(tmp_path: Path) -> None:
    points, default = read_operating_points(write(tmp_path, calibrated(TWO, THREE)), "SST-2")
    assert points == [
        OperatingPoint("2", 2.0, 0.31, 2.02, 0.8),
        OperatingPoint("3", 3.0, 0.52, 3.1, 0.75),
    ]
    assert default == "3"


def test_a_report_makes_2_the_default(tmp_path: Path) -> None:
    points, default = read_operating_points(write(tmp_path, report(THREE, TWO)), "SST-2")
    assert [point.name for point in points] == ["3", "2"] and default == "2"


def test_a_report_without_2_has_full_depth_as_default(tmp_path: Path) -> None:
    points, default = read_operating_points(write(tmp_path, report(THREE)), "SST-2")
    assert [point.name for point in points] == ["3"] and default is None


def test_what_could_not_be_reached_is_left_out(tmp_path: Path) -> None:
    points, default = read_operating_points(write(tmp_path, report(TWO, UNREACHED)), "SST-2")
    assert [point.name for point in points] == ["2"] and default == "2"
    path = write(tmp_path, calibrated(UNREACHED, default=None))
    assert read_operating_points(path, "SST-2") == ([], None)


def test_a_report_without_labels_has_no_accuracy(tmp_path: Path) -> None:
    unlabelled = {name: value for name, value in TWO.items() if name != "accuracy"}
    points, _ = read_operating_points(write(tmp_path, report(unlabelled)), "SST-2")
    assert points == [OperatingPoint("2", 2.0, 0.31, 2.02, None)]


def test_no_default_means_full_depth(tmp_path: Path) -> None:
    assert read_operating_points(write(tmp_path, calibrated(TWO, default=None)), "SST-2")[1] is None


def test_a_default_that_is_no_point_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, calibrated(TWO, UNREACHED, default="9"))
    with pytest.raises(InputError, match="names '9' as default, but its points are: 2"):
        read_operating_points(path, "SST-2")


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
    ],
)
def test_what_holds_no_points_is_refused(tmp_path: Path, content: object) -> None:
    path = write(tmp_path, content)
    with pytest.raises(InputError, match=re.escape(f"`{path}` holds no operating points (")):
        read_operating_points(path, "SST-2")


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read \(No such file or directory\)"):
        read_operating_points(tmp_path / "missing.json", "SST-2")
    with pytest.raises(InputError, match=r"cannot be read \(Is a directory\)"):
        read_operating_points(tmp_path, "SST-2")


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "points.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="holds no operating points"):
        read_operating_points(path, "SST-2")


def test_points_of_another_task(tmp_path: Path) -> None:
    for content in (calibrated(THREE), report(THREE)):
        with pytest.raises(InputError, match="was made on the task 'SST-2', but .* on 'MRPC'"):
            read_operating_points(write(tmp_path, content), "MRPC")


@pytest.mark.parametrize("version", [2, "1", None])
def test_a_newer_version(version: object, tmp_path: Path) -> None:
    content = {**calibrated(THREE), "format_version": version}
    with pytest.raises(InputError, match=re.escape(f"has format version {version!r}")):
        read_operating_points(write(tmp_path, content), "SST-2")
