"""What the demo found out: `summary.json`, and the table that closes it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pf_fairseq.files import write_text

# A name in the summary, and how a reader knows it.
RUNTIMES = {"python": "Python", "torchscript": "TorchScript", "cpp": "C++"}


@dataclass(frozen=True)
class Artefacts:
    """Where the results of the steps lie, from the project's root."""

    checkpoint: Path
    archive: Path
    data: Path
    cpp: Path


def write_summary(
    path: Path,
    *,
    task: str,
    artefacts: Artefacts,
    points: list[dict[str, Any]],
    milliseconds: dict[str, dict[str, float]],
    agreement: dict[str, int],
) -> None:
    """Write everything as JSON.

    Args:
        path: file to write.
        task: name of the task.
        artefacts: the files that were made.
        points: operating points of `pf-fairseq calibrate`.
        milliseconds: of each runtime, by the target speed-up's name.
        agreement: counts of `comparison.Agreement`.
    """
    fields = ("target_speedup", "threshold", "speedup", "accuracy")
    content = {
        "task": task,
        "checkpoint": str(artefacts.checkpoint),
        "archive": str(artefacts.archive),
        "data": str(artefacts.data),
        "cpp": str(artefacts.cpp),
        "operating_points": [{name: point[name] for name in fields} for point in points],
        "milliseconds": milliseconds,
        "agreement": agreement,
    }
    write_text(path, json.dumps(content, indent=2) + "\n")


def table(
    points: list[dict[str, Any]],
    milliseconds: dict[str, dict[str, float]],
    agreement: dict[str, int],
) -> str:
    """Lay the numbers out for a terminal; arguments as for `write_summary`."""
    heads = ["target", "in layers", "accuracy", *RUNTIMES.values()]
    rows = [heads]
    for point in points:
        times = [f"{milliseconds[name][point['name']]:.2f} ms" for name in RUNTIMES]
        in_layers = f"{point['speedup']:.2f}x"
        rows.append([f"{point['name']}x", in_layers, f"{100 * point['accuracy']:.1f} %", *times])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["   ".join(map(str.rjust, row, widths)) for row in rows]
    lines.insert(1, "-" * len(lines[0]))
    return "\n".join([*lines, "", verdict(agreement)])


def verdict(agreement: dict[str, int]) -> str:
    """Say in a sentence how far the three runtimes agree with the evaluation."""
    n_sentences, n_labels = agreement["sentences"], agreement["different_labels"]
    n_exits, n_near = agreement["different_exits"], agreement["near_threshold"]
    if n_labels == n_exits == 0:
        return (
            f"Python, TorchScript and C++ gave the evaluation's label and exit on all "
            f"{n_sentences} sentences at every target."
        )
    return (
        f"Of {n_sentences} sentences, {n_labels} got another label and {n_exits} another exit than "
        f"in the evaluation somewhere; {n_near} of these lie within 1e-4 of the threshold."
    )
