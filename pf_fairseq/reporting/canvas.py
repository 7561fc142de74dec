"""One look for all pictures, without pyplot's global state."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pf_fairseq.files import atomic_path

INK = "#22303c"  # text and the full-depth reference
FAINT = "#8a97a3"  # grid, and what is there only for comparison
BLUE = "#1f6fb2"  # the curve, and shares of sentences
ORANGE = "#d9541e"  # what was asked for: operating points
DPI = 150
LEAST_SPAN = 4.0  # per cent on an accuracy axis: one sentence more or less must not be a cliff


def new_figure(width: float, height: float) -> Figure:
    """Make an empty figure of the size given in inches, on a canvas of its own."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def tidy(axes: Axes) -> None:
    """Keep only what guides the eye: no box, faint horizontal lines, soft colours."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(FAINT)
    axes.grid(axis="y", color=FAINT, alpha=0.25, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, labelsize=9)


def keep_span(axes: Axes) -> None:
    """Widen the accuracy axis, in per cent, to at least `LEAST_SPAN` around what it shows."""
    low, high = axes.get_ylim()
    missing = max(0.0, LEAST_SPAN - (high - low)) / 2
    axes.set_ylim(low - missing, high + missing)


def save_png(figure: Figure, path: Path) -> None:
    """Write `figure` to `path` in one step."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png")
