"""The operating points as a table for the terminal."""

from pf_fairseq.exiting.evaluation import Evaluation
from pf_fairseq.exiting.operating_points import FoundPoint

SHARE_WIDTH = 4  # "100" and a space


def format_table(evaluation: Evaluation, *, split: str, reported_split: str) -> str:
    """Format the points and the share of sentences that leave at each exit, in lines.

    Targets that cannot be reached are explained below the table.

    Args:
        evaluation: what was found.
        split: names the rows that thresholds were chosen on.
        reported_split: names the rows that the table shows.
    """
    recorded = evaluation.recorded
    metrics = [] if recorded.targets is None else evaluation.metrics
    heading = f"{'target':>7}{'threshold':>11}{'speed-up':>10}" + "".join(
        f"{name:>10}" for name in metrics
    )
    exits = _cells([str(layer) for layer in range(1, recorded.n_layers + 1)])
    lines = [
        f"{evaluation.task}: {recorded.n_sentences} sentences of {reported_split}, "
        f"{recorded.n_layers} exits; thresholds chosen on {_chosen_on(evaluation, split)}",
        f"{heading}   leaving at exit, %",
        " " * len(heading) + exits,
        *(_row(point, metrics) for point in evaluation.operating_points),
    ]
    exit_accuracy = recorded.exit_accuracy()
    if exit_accuracy is not None:
        title = "accuracy if all leave there, %"
        lines.append(f"{title:>{len(heading)}}{_cells([f'{100 * a:.0f}' for a in exit_accuracy])}")
    lines += [
        f"{point.name}x: {point.reason}."
        for point in evaluation.operating_points
        if point.reached is None
    ]
    return "\n".join(lines)


def _chosen_on(evaluation: Evaluation, split: str) -> str:
    """Say which rows thresholds were chosen on."""
    if evaluation.calibration is None:
        return "these very sentences, which flatters the figures"
    return f"{evaluation.calibration.n_sentences} other sentences ({split})"


def _cells(texts: list[str]) -> str:
    """Set the texts of the exits one under the other."""
    return " " + "".join(f"{text:>{SHARE_WIDTH}}" for text in texts)


def _row(point: FoundPoint, metrics: list[str]) -> str:
    """Format one operating point."""
    target = f"{point.name}x"
    if point.reached is None:
        return f"{target:>7}{'-':>11}{'-':>10}" + "".join(f"{'-':>10}" for _ in metrics)
    reached = point.reached
    scores = "".join(_score(name, reached.scores[name]) for name in metrics)
    total = sum(reached.exit_counts)
    shares = _cells([_share(count, total) for count in reached.exit_counts])
    return f"{target:>7}{reached.threshold:>11.4g}{reached.speedup:>9.2f}x{scores}{shares}"


def _score(name: str, score: float) -> str:
    """Format a score: a correlation as it is, the others in per cent."""
    return f"{score:>10.3f}" if name == "mcc" else f"{100 * score:>8.2f} %"


def _share(count: int, total: int) -> str:
    """Format a share in whole per cent, and tell few from none."""
    if count == 0:
        return "."
    return f"{100 * count / total:.0f}" if 200 * count >= total else "<1"
