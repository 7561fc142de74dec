"""Points for another dtype are those of the finished archive; labels are counted against fp32."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from pf_fairseq.artefact.loading import load_archive
from pf_fairseq.errors import InputError
from pf_fairseq.exiting.point import OperatingPoint, PointOrigin, PointSet
from pf_fairseq.modules.entropy import exit_entropy
from pf_fairseq.modules.policies import EntropyPolicy
from pf_fairseq.recording.lowered import dtype_of, fit_points
from pf_fairseq.recording.rows import CalibrationRows, divide
from pf_fairseq.text.data_bin import load_split
from pf_fairseq.trained.exporting import ExportOptions, export_archive
from pf_fairseq.trained.loading import TrainedModel, load_trained_model
from tests.reference import exiting as naive

TARGETS = {"2": 2.0, "fast": 1.4, "1": 1.0}


@pytest.fixture(scope="module")
def trained(tiny_checkpoint: Any) -> TrainedModel:
    return load_trained_model(tiny_checkpoint.path, tiny_checkpoint.data)


def points_of(trained: TrainedModel, dtype: str, split: str = "valid") -> PointSet:
    origin = PointOrigin(
        task=trained.task.task,
        policy=EntropyPolicy.description,
        checkpoint_sha256=trained.sha256,
        dtype=dtype,
        min_exit_layer=1,
        check_interval=1,
        split=split,
    )
    points = [OperatingPoint(name, s, 0.123, s, 0.5) for name, s in TARGETS.items()]
    return PointSet(points, "2", origin)


def fit(trained: TrainedModel, points: PointSet, dtype: str = "bfloat16") -> ExportOptions:
    return fit_points(trained, ExportOptions(points=points, dtype=dtype))


def rows_of(trained: TrainedModel) -> list[list[int]]:
    return load_split(trained.data, "valid", trained.task).sentences


def logits_alone(trained: TrainedModel, fitted: ExportOptions, folder: Path) -> Tensor:
    """Every exit's logits by the archive that is finally written, sentence by sentence."""
    export_archive(trained, fitted, folder / "model.pt")
    module = load_archive(folder / "model.pt").module
    return torch.cat([module.exit_logits(torch.tensor([ids])) for ids in rows_of(trained)])


def naive_exits(logits: Tensor, threshold: float) -> list[int]:
    checked = list(range(1, logits.size(1)))
    return [naive.exit_of(row, threshold, checked) for row in exit_entropy(logits).tolist()]


def labels_at(logits: Tensor, exits: list[int]) -> Tensor:
    return torch.stack([row[k - 1].argmax() for row, k in zip(logits, exits, strict=True)])


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_thresholds_are_chosen_by_the_archives_own_scores(
    trained: TrainedModel, dtype: str, tmp_path: Path
) -> None:
    fitted = fit(trained, points_of(trained, "float32"), dtype)
    assert dtype_of(fitted.points) == fitted.dtype == dtype
    assert fitted.points.default == "2"
    assert {p.name: p.target_speedup for p in fitted.points.points} == TARGETS
    logits = logits_alone(trained, fitted, tmp_path)
    for point in fitted.points.points:
        exits = naive_exits(logits, point.threshold)
        # Recorded in batches, so that a score at the edge may have moved by a rounding.
        assert naive.speedup(exits, logits.size(1)) == pytest.approx(point.speedup, rel=0.02)
        assert point.speedup >= TARGETS[point.name]
        assert point.accuracy is not None
    assert {p.threshold for p in fitted.points.points} != {0.123}


def test_labels_are_compared_with_float32_at_its_own_points(
    trained: TrainedModel, tmp_path: Path
) -> None:
    fitted = fit(trained, points_of(trained, "float32"))
    found = fitted.agreement
    assert found is not None and (found.split, found.rows) == ("valid", len(rows_of(trained)))
    lowered = logits_alone(trained, fitted, tmp_path)
    with torch.no_grad():
        full = torch.cat([trained.model.exit_logits(torch.tensor([i])) for i in rows_of(trained)])
    last = [full.size(1)] * len(full)
    equal = labels_at(lowered, last) == labels_at(full, last)
    assert found.full_depth == pytest.approx(float(equal.float().mean()), abs=1.01 / len(full))
    assert found.points.keys() == TARGETS.keys()
    assert all(0.8 < share <= 1 for share in found.points.values())
    assert found.points["1"] == found.full_depth


def test_an_archive_that_says_something_else_shows(
    trained: TrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = trained.model.record_exits

    def turned(tokens: Tensor) -> tuple[Tensor, Tensor]:
        logits, evidence = original(tokens)
        return -logits, evidence

    monkeypatch.setattr(trained.model, "record_exits", turned)
    found = fit(trained, points_of(trained, "float32")).agreement
    assert found is not None and found.full_depth < 0.2


def test_points_of_the_dtype_stay(trained: TrainedModel) -> None:
    points = points_of(trained, "bfloat16")
    fitted = fit(trained, points)
    assert fitted.points == points
    assert fitted.agreement is not None and fitted.agreement.points.keys() == TARGETS.keys()


def test_points_of_a_part_are_chosen_on_that_part(trained: TrainedModel) -> None:
    fitted = fit(trained, points_of(trained, "float32", "valid:0.5"))
    _, rest = divide(len(rows_of(trained)), CalibrationRows("valid", 0.5))
    assert fitted.agreement is not None
    assert (fitted.agreement.split, fitted.agreement.rows) == ("valid:0.5", len(rest))


def test_without_points_full_depth_is_compared(trained: TrainedModel) -> None:
    fitted = fit_points(trained, ExportOptions(dtype="bfloat16"))
    assert fitted.points.points == []
    assert fitted.agreement is not None and fitted.agreement.points == {}
    assert fitted.agreement.full_depth > 0.8


def test_a_speedup_out_of_reach_is_refused(trained: TrainedModel) -> None:
    points = points_of(trained, "float32")
    fast = replace(points.points[0], target_speedup=4.5)
    with pytest.raises(InputError, match=r"point 2 in bfloat16: a speed-up of 4.5 cannot be"):
        fit(trained, replace(points, points=[fast]))
