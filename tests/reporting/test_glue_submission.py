"""GLUE's test files: names, header, index and labels."""

import re
from pathlib import Path

import pytest

from pf_fairseq.errors import InputError
from pf_fairseq.exiting.policy import choose_exits
from pf_fairseq.reporting.glue_submission import check_submittable, write_submission
from pf_fairseq.text.glue import GLUE_TASKS

from .conftest import MakeEvaluation

NAMES = {
    "SST-2": "SST-2.tsv",
    "MRPC": "MRPC.tsv",
    "RTE": "RTE.tsv",
    "QNLI": "QNLI.tsv",
    "QQP": "QQP.tsv",
    "MNLI": "MNLI-m.tsv",
    "CoLA": "CoLA.tsv",
}


@pytest.mark.parametrize("task", GLUE_TASKS)
def test_one_file_per_target(tmp_path: Path, make_evaluation: MakeEvaluation, task: str) -> None:
    labels = GLUE_TASKS[task].labels
    evaluation = make_evaluation(
        50, task=task, n_classes=len(labels), labelled=False, targets=(1.0, 1.5)
    )
    write_submission(tmp_path / "submission", evaluation, labels)
    for point in evaluation.operating_points:
        assert point.reached is not None
        path = tmp_path / "submission" / f"{point.name}x" / NAMES[task]
        header, *rows = path.read_text(encoding="utf-8").splitlines()
        assert header == "index\tprediction"
        assert [row.split("\t")[0] for row in rows] == [str(number) for number in range(50)]
        exits = choose_exits(evaluation.scores, point.reached.threshold)
        logits = evaluation.recorded.logits
        expected = [
            labels[int(logits[number, exit_layer - 1].argmax())]
            for number, exit_layer in enumerate(exits.tolist())
        ]
        assert [row.split("\t")[1] for row in rows] == expected


def test_targets_out_of_reach_and_earlier_runs_leave_no_folder(
    tmp_path: Path, make_evaluation: MakeEvaluation
) -> None:
    folder = tmp_path / "submission"
    for targets in ((2.0, 2.5), (1.5, 9.0)):
        write_submission(folder, make_evaluation(targets=targets), ["0", "1"])
    assert [path.name for path in folder.iterdir()] == ["1.5x"]
    assert [path.name for path in tmp_path.iterdir()] == ["submission"]


def test_refuses_a_task_that_is_not_glues() -> None:
    with pytest.raises(InputError, match=re.escape("but the task is 'custom'; leave it out")):
        check_submittable("custom")
