"""`exits.png`: who leaves where, and who is right."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pf_fairseq.exiting.evaluation import Evaluation
from pf_fairseq.exiting.operating_points import ReachedPoint
from pf_fairseq.reporting.canvas import BLUE, INK, ORANGE, keep_span, new_figure, save_png, tidy

MOST_LABELLED_EXITS = 12  # beyond, the figures over the bars would overlap
ROW_INCHES, FRAME_INCHES = 1.3, 1.0
HEADROOM = 1.22  # over the highest bar, for its figure


def draw_exits(path: Path, evaluation: Evaluation) -> None:
    """Draw, for each operating point, the share of sentences that leave at each exit.

    Bars are split into right and wrong answers where there are labels, and a last row then tells
    how good each exit is on all sentences. A point at which nobody leaves early is left to the
    title, unless it is the only one: its one bar would dwarf all others.
    """
    reached = {point.name: point.reached for point in evaluation.operating_points if point.reached}
    never = evaluation.scores.policy.never
    early = {name: point for name, point in reached.items() if point.threshold != never} or reached
    exit_accuracy = evaluation.recorded.exit_accuracy()
    n_rows = len(early) + (exit_accuracy is not None)
    figure = new_figure(7.6, FRAME_INCHES + ROW_INCHES * max(n_rows, 1))
    n_layers = evaluation.recorded.n_layers
    title = f"{evaluation.task}: where {evaluation.recorded.n_sentences} sentences leave"
    if len(early) < len(reached):
        title += f" (at 1x all at exit {n_layers})"
    figure.suptitle(title, x=0.02, ha="left", fontsize=11, color=INK)
    if n_rows > 0:
        rows = figure.subplots(n_rows, 1, sharex=True, squeeze=False)[:, 0].tolist()
        _draw_points(figure, rows, early)
        if exit_accuracy is not None:
            _draw_exit_accuracy(rows[-1], exit_accuracy)
        rows[-1].set_xlabel("exit (1: after the first layer)", color=INK)
        rows[-1].xaxis.set_major_locator(MaxNLocator(integer=True, nbins=24, min_n_ticks=1))
        rows[-1].set_xlim(0.4, n_layers + 0.6)
    else:
        figure.text(0.5, 0.4, "no speed-up asked for is reached", ha="center", color=INK)
    save_png(figure, path)


def _draw_points(figure: Figure, rows: Sequence[Axes], points: dict[str, ReachedPoint]) -> None:
    """Draw one row per operating point, all to one scale."""
    highest = max((share for point in points.values() for share in _shares(point)), default=1.0)
    for axes, (name, point) in zip(rows, points.items(), strict=False):
        _draw_shares(axes, point)
        axes.set_ylim(0, 100 * highest * HEADROOM)
        summary = f"{name}x: threshold {point.threshold:.4g}, speed-up {point.speedup:.2f}"
        if "accuracy" in point.scores:
            summary += f", accuracy {100 * point.scores['accuracy']:.1f} %"
        _caption(axes, summary)
    handles, labels = rows[0].get_legend_handles_labels()
    if len(handles) > 1:  # without labels there is but one kind of bar
        figure.legend(
            handles, labels, loc="upper right", ncols=2, fontsize=8.5, frameon=False, labelcolor=INK
        )


def _shares(point: ReachedPoint) -> list[float]:
    """Give the share of sentences that leave at each exit."""
    total = sum(point.exit_counts)
    return [count / total for count in point.exit_counts]


def _draw_shares(axes: Axes, point: ReachedPoint) -> None:
    """Draw the bars of one operating point, and over each how many per cent it is."""
    tidy(axes)
    shares = [100 * share for share in _shares(point)]
    layers = range(1, len(shares) + 1)
    if point.exit_correct is None:
        axes.bar(layers, shares, color=BLUE, width=0.72, label="sentences")
    else:
        total = sum(point.exit_counts)
        right = [100 * count / total for count in point.exit_correct]
        wrong = [share - good for share, good in zip(shares, right, strict=True)]
        axes.bar(layers, right, color=BLUE, width=0.72, label="right")
        axes.bar(layers, wrong, bottom=right, color=ORANGE, width=0.72, label="wrong")
    for layer, share in zip(layers, shares, strict=True):
        if len(shares) <= MOST_LABELLED_EXITS and share > 0:
            _write_above(axes, layer, share, f"{share:.0f} %" if share >= 0.5 else "<1 %")
    axes.set_ylabel("leaving, %", color=INK, fontsize=9)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=3, integer=True))


def _draw_exit_accuracy(axes: Axes, exit_accuracy: list[float]) -> None:
    """Draw the row that tells how good each exit is on all sentences."""
    tidy(axes)
    layers = range(1, len(exit_accuracy) + 1)
    scores = [100 * accuracy for accuracy in exit_accuracy]
    axes.plot(layers, scores, "o-", color=INK, markersize=4.5, linewidth=1.3)
    for layer, score in zip(layers, scores, strict=True):
        if len(scores) <= MOST_LABELLED_EXITS:
            _write_above(axes, layer, score, f"{score:.1f}", gap=5)
    axes.margins(y=0.45)
    keep_span(axes)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=3))
    axes.set_ylabel("accuracy, %", color=INK, fontsize=9)
    _caption(axes, "for comparison: every sentence leaves at this exit")


def _write_above(axes: Axes, x: float, y: float, text: str, *, gap: float = 2) -> None:
    """Write `text` over a bar or a dot, `gap` points away."""
    offset = (0, gap)
    axes.annotate(
        text, (x, y), offset, textcoords="offset points", ha="center", fontsize=8, color=INK
    )


def _caption(axes: Axes, text: str) -> None:
    """Write what a row shows above it."""
    axes.set_title(text, loc="left", fontsize=9, color=INK, pad=3)
