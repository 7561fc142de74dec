"""`curve.png`: what is paid for speed."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from pf_fairseq.exiting.evaluation import Evaluation
from pf_fairseq.reporting.canvas import (
    BLUE,
    FAINT,
    INK,
    ORANGE,
    keep_span,
    new_figure,
    save_png,
    tidy,
)
from pf_fairseq.reporting.report import curve_rows

TICKS = (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48)
MIN_TICK_RATIO = 1.13  # closer tick labels would run into each other


def draw_curve(path: Path, evaluation: Evaluation) -> None:
    """Draw accuracy against speed-up, or the threshold against it where there are no labels."""
    figure = new_figure(7.6, 4.6)
    axes = figure.add_subplot()
    tidy(axes)
    axes.margins(y=0.14)  # room for the labels of points at the top
    exit_accuracy = evaluation.recorded.exit_accuracy()
    if exit_accuracy is None:
        _draw_thresholds(axes, evaluation)
    else:
        _draw_accuracy(axes, evaluation, exit_accuracy)
    _scale_speedup(axes, evaluation.recorded.n_layers)
    if exit_accuracy is not None:
        axes.legend(loc="lower left", fontsize=8.5, frameon=False, labelcolor=INK)
    axes.set_title(
        f"{evaluation.task}: {evaluation.recorded.n_sentences} sentences, "
        f"{evaluation.recorded.n_layers} exits",
        loc="left",
        fontsize=11,
        color=INK,
    )
    save_png(figure, path)


def _draw_accuracy(axes: Axes, evaluation: Evaluation, exit_accuracy: list[float]) -> None:
    """Draw the curve over what fixed depths give, with full depth as the reference."""
    n_layers = len(exit_accuracy)
    full_depth = 100 * exit_accuracy[-1]
    axes.axhline(
        full_depth,
        color=INK,
        linewidth=1,
        linestyle=(0, (5, 4)),
        label=f"full depth, {full_depth:.1f} %",
    )
    axes.plot(
        [n_layers / layer for layer in range(1, n_layers + 1)],
        [100 * accuracy for accuracy in exit_accuracy],
        "o",
        color=FAINT,
        markersize=4.5,
        label="every sentence leaves at the same exit",
    )
    rows = [(s, 100 * a) for _, s, a in curve_rows(evaluation) if a is not None]
    axes.plot(*zip(*rows, strict=True), color=BLUE, linewidth=1.8, label=_by_policy(evaluation))
    for point in evaluation.operating_points:
        if point.reached is not None:
            accuracy = 100 * point.reached.scores["accuracy"]
            _mark(axes, point.reached.speedup, accuracy, f"{point.name}x\n{accuracy:.1f} %")
    keep_span(axes)
    axes.set_ylabel("accuracy, %", color=INK)


def _by_policy(evaluation: Evaluation) -> str:
    return f"early exit by {evaluation.scores.policy.name.replace('_', ' ')}"


def _draw_thresholds(axes: Axes, evaluation: Evaluation) -> None:
    """Draw the threshold that each speed-up takes, all that a split without labels tells."""
    rows = [(speedup, threshold) for threshold, speedup, _ in curve_rows(evaluation)]
    axes.plot(*zip(*rows, strict=True), color=BLUE, linewidth=1.8, label=_by_policy(evaluation))
    for point in evaluation.operating_points:
        if point.reached is not None:
            threshold = point.reached.threshold
            text = f"{point.name}x\n{threshold:.3g}"
            _mark(axes, point.reached.speedup, threshold, text, below=True)
    axes.set_ylabel(f"threshold, {evaluation.scores.policy.parameter_unit}", color=INK)


def _mark(axes: Axes, x: float, y: float, text: str, *, below: bool = False) -> None:
    """Mark an operating point and write `text` to its right, on the side where no curve runs."""
    axes.plot([x], [y], "o", color=ORANGE, markersize=7, markeredgecolor="white", zorder=5)
    axes.annotate(
        text,
        (x, y),
        xytext=(6, -7 if below else 6),
        textcoords="offset points",
        va="top" if below else "bottom",
        fontsize=8.5,
        color=ORANGE,
        fontweight="bold",
        path_effects=[withStroke(linewidth=3, foreground="white")],
        zorder=6,
    )


def _scale_speedup(axes: Axes, n_layers: int) -> None:
    """Scale the speed-up by ratios, so that the deep exits do not crowd at the left."""
    axes.set_xscale("log")
    widest = max(n_layers, 2)
    axes.set_xlim(widest**-0.035, widest**1.09)  # room for the label of the rightmost point
    shown: list[float] = []
    for tick in TICKS:
        if tick <= n_layers and (not shown or tick >= shown[-1] * MIN_TICK_RATIO):
            shown.append(tick)
    axes.xaxis.set_major_locator(FixedLocator(shown))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}x"))
    axes.set_xlabel("speed-up: layers of full depth / layers executed", color=INK)
