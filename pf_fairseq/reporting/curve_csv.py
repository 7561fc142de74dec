"""`curve.csv`: the trade-off curve, for spreadsheets."""

import csv
import io
from pathlib import Path

from pf_fairseq.exiting.evaluation import Evaluation
from pf_fairseq.files import write_text
from pf_fairseq.reporting.report import curve_rows


def write_curve_csv(path: Path, evaluation: Evaluation) -> None:
    """Write the policy's parameter, speed-up and accuracy (empty without labels)."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["threshold", "speedup", "accuracy"])
    writer.writerows(curve_rows(evaluation))
    write_text(path, text.getvalue())
