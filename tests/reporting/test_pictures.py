"""The pictures exist for every kind of split and tell what they should."""

import sys
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from pf_fairseq.reporting import canvas, curve_picture, exits_picture

from .conftest import MakeEvaluation

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Every figure that is saved."""
    saved: list[Figure] = []

    def save(figure: Figure, path: Path) -> None:
        saved.append(figure)
        canvas.save_png(figure, path)

    monkeypatch.setattr(curve_picture, "save_png", save)
    monkeypatch.setattr(exits_picture, "save_png", save)
    return saved


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("n_layers", [2, 6, 24])
def test_are_written_in_one_step(
    tmp_path: Path, make_evaluation: MakeEvaluation, n_layers: int, labelled: bool
) -> None:
    evaluation = make_evaluation(n_layers=n_layers, labelled=labelled)
    curve_picture.draw_curve(tmp_path / "curve.png", evaluation)
    exits_picture.draw_exits(tmp_path / "exits.png", evaluation)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curve.png", "exits.png"]
    assert all(path.read_bytes().startswith(PNG) for path in tmp_path.iterdir())


def test_curve_shows_points_full_depth_and_every_exit(
    tmp_path: Path, make_evaluation: MakeEvaluation, figures: list[Figure]
) -> None:
    evaluation = make_evaluation()
    curve_picture.draw_curve(tmp_path / "curve.png", evaluation)
    axes = figures[0].axes[0]
    exit_accuracy = evaluation.recorded.exit_accuracy()
    assert exit_accuracy is not None
    texts = [text.get_text() for text in axes.texts]
    for point in evaluation.operating_points:
        assert point.reached is not None
        assert f"{point.name}x\n{100 * point.reached.scores['accuracy']:.1f} %" in texts
    lines = {line.get_label(): line for line in axes.lines}
    assert f"full depth, {100 * exit_accuracy[-1]:.1f} %" in lines
    dots = lines["every sentence leaves at the same exit"]
    assert list(dots.get_xdata()) == [6 / layer for layer in range(1, 7)]
    assert list(dots.get_ydata()) == [100 * accuracy for accuracy in exit_accuracy]
    curve = lines["early exit by entropy"]
    assert list(curve.get_xdata()) == evaluation.curve.thinned().speedup.tolist()


def test_labels_of_the_curve_stay_below_the_title(
    tmp_path: Path, make_evaluation: MakeEvaluation, figures: list[Figure]
) -> None:
    curve_picture.draw_curve(tmp_path / "curve.png", make_evaluation())
    axes = figures[0].axes[0]
    top = axes.get_window_extent().y1
    assert axes.texts and all(text.get_window_extent().y1 < top for text in axes.texts)


def test_curve_without_labels_shows_thresholds(
    tmp_path: Path, make_evaluation: MakeEvaluation, figures: list[Figure]
) -> None:
    curve_picture.draw_curve(tmp_path / "curve.png", make_evaluation(labelled=False))
    assert figures[0].axes[0].get_ylabel() == "threshold, nats"


@pytest.mark.parametrize("labelled", [True, False])
def test_exits_shows_shares_to_one_scale(
    tmp_path: Path, make_evaluation: MakeEvaluation, figures: list[Figure], labelled: bool
) -> None:
    evaluation = make_evaluation(labelled=labelled)
    exits_picture.draw_exits(tmp_path / "exits.png", evaluation)
    rows = figures[0].axes
    early = [point for point in evaluation.operating_points if point.target_speedup > 1]
    assert len(rows) == len(early) + labelled  # the last row compares the exits on all sentences
    for axes, point in zip(rows, early, strict=False):
        assert point.reached is not None
        assert axes.get_title(loc="left").startswith(f"{point.name}x: threshold ")
        heights = [0.0] * 6
        for number, bar in enumerate(axes.patches):
            heights[number % 6] += bar.get_height()
        assert heights == pytest.approx([count / 2 for count in point.reached.exit_counts])
    assert len({axes.get_ylim() for axes in rows[: len(early)]}) == 1


def test_exits_of_full_depth_alone_and_of_nothing(
    tmp_path: Path, make_evaluation: MakeEvaluation, figures: list[Figure]
) -> None:
    for targets, n_rows in (((1.0,), 2), ((9.0,), 1)):
        exits_picture.draw_exits(tmp_path / "exits.png", make_evaluation(targets=targets))
        assert len(figures[-1].axes) == n_rows
    unlabelled = make_evaluation(targets=(9.0,), labelled=False)
    exits_picture.draw_exits(tmp_path / "exits.png", unlabelled)
    assert figures[-1].texts[-1].get_text() == "no speed-up asked for is reached"


def test_pyplot_is_not_used() -> None:
    assert "matplotlib.pyplot" not in sys.modules
