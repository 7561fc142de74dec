"""Operating points for another dtype, chosen with the finished archive, and what it costs."""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from pf_fairseq.artefact.metadata import LabelAgreement
from pf_fairseq.errors import InputError
from pf_fairseq.exiting.evaluation import Evaluation, evaluate_exits
from pf_fairseq.exiting.operating_points import FoundPoint
from pf_fairseq.exiting.point import OperatingPoint, PointSet
from pf_fairseq.exiting.policy import choose_exits
from pf_fairseq.recording.models import RecordedModel, model_of_archive, model_of_trained
from pf_fairseq.recording.rows import parse_calibration, record_rows
from pf_fairseq.runtime.lowering import FLOAT32
from pf_fairseq.trained.exporting import ExportOptions, exit_rules, export_archive
from pf_fairseq.trained.loading import TrainedModel

DEFAULT_SPLIT = "valid"  # without points: labels are compared all the same


def fit_points(trained: TrainedModel, options: ExportOptions) -> ExportOptions:
    """Choose the points anew if they are another dtype's, and compare labels with float32's.

    The archive is made and loaded, and runs the points' own rows once at full depth, as the model
    does in float32. Names, targets and the default stay.

    Args:
        trained: the model.
        options: of the archive; their dtype is not float32.

    Returns:
        the options with points of their dtype, and with the agreement.

    Raises:
        InputError: if the rows are not there, or a speed-up cannot be reached in this dtype.
    """
    rows = _Rows(trained, options)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt"
        bare = replace(options.points, points=[], default=None)
        export_archive(trained, replace(options, points=bare), path)
        lowered = rows.evaluate(model_of_archive(path, trained.data, options.device))
    full = rows.evaluate(model_of_trained(trained, options.device))
    points = options.points
    if dtype_of(points) != options.dtype:
        points = _chosen_anew(points, lowered, options.dtype)
    return replace(options, points=points, agreement=rows.agreement(lowered, full, points))


@dataclass(frozen=True)
class _Rows:
    """The rows that points were chosen on and are reported on, run by one model or the other."""

    trained: TrainedModel
    options: ExportOptions

    @property
    def split(self) -> str:
        origin = self.options.points.origin
        return DEFAULT_SPLIT if origin is None else origin.split

    def evaluate(self, model: RecordedModel) -> Evaluation:
        """Run the rows and find the points' targets."""
        name, _, _ = self.split.partition(":")
        calibration = parse_calibration(self.split, name) if name != self.split else None
        recorded = record_rows(model, name, calibration)
        rules = exit_rules(self.trained, self.options)
        return evaluate_exits(
            recorded.reported,
            task=self.trained.task.task,
            metrics=["accuracy"],
            targets=[_target(point) for point in self.options.points.points],
            policy=rules.policy,
            min_exit_layer=rules.min_exit_layer,
            check_interval=rules.check_interval,
            calibration=recorded.choosing,
        )

    def agreement(self, lowered: Evaluation, full: Evaluation, points: PointSet) -> LabelAgreement:
        """Share of equal labels, each model at its own point for a target."""
        never = full.scores.policy.never
        shares = {
            point.name: _equal(
                _labels(lowered, point.threshold), _labels(full, _threshold(of_full))
            )
            for point, of_full in zip(points.points, full.operating_points, strict=True)
        }
        at_full_depth = _equal(_labels(lowered, never), _labels(full, never))
        return LabelAgreement(self.split, full.recorded.n_sentences, at_full_depth, shares)


def dtype_of(points: PointSet) -> str:
    """The dtype that points were chosen for; before they carried it there was float32 alone."""
    return FLOAT32 if points.origin is None else points.origin.dtype


def _target(point: OperatingPoint) -> float:
    """The speed-up wanted; where the point was chosen by another rule, the one that it gave."""
    return point.speedup if point.target_speedup is None else point.target_speedup


def _chosen_anew(points: PointSet, lowered: Evaluation, dtype: str) -> PointSet:
    chosen = []
    for old, found in zip(points.points, lowered.operating_points, strict=True):
        new = found.travelling()
        if new is None:
            raise InputError(f"the operating point {old.name} in {dtype}: {found.reason}.")
        chosen.append(replace(new, name=old.name, target_speedup=old.target_speedup))
    origin = None if points.origin is None else replace(points.origin, dtype=dtype)
    return replace(points, points=chosen, origin=origin)


def _threshold(found: FoundPoint) -> float:
    if found.reached is None:
        raise InputError(f"the operating point {found.name} in float32: {found.reason}.")
    return found.reached.threshold


def _labels(evaluation: Evaluation, threshold: float) -> Tensor:
    return evaluation.recorded.predictions_at(choose_exits(evaluation.scores, threshold))


def _equal(found: Tensor, expected: Tensor) -> float:
    return float((found == expected).double().mean())
