"""The table for the terminal."""

from pf_fairseq.reporting.table import format_table

from .conftest import MakeEvaluation


def test_columns_stand_under_each_other(make_evaluation: MakeEvaluation) -> None:
    evaluation = make_evaluation(
        1000, n_layers=3, metrics=("accuracy", "mcc"), targets=(1.0, 2.0, 4.0)
    )
    lines = format_table(evaluation, split="valid", reported_split="valid").splitlines()
    assert lines[0] == (
        "SST-2: 1000 sentences of valid, 3 exits; thresholds chosen on these very sentences, "
        "which flatters the figures"
    )
    assert lines[1].split() == ("target threshold speed-up accuracy mcc leaving at exit, %".split())
    assert lines[3].split()[:3] == ["1x", "0", "1.00x"]
    assert lines[3].split()[-3:] == [".", ".", "100"]
    assert len({len(line) for line in [*lines[2:5], lines[6]]}) == 1
    assert lines[5].split() == ["4x", "-", "-", "-", "-"]
    assert lines[6].split()[:-3] == "accuracy if all leave there, %".split()
    assert lines[7].startswith("4x: a speed-up of 4 cannot be reached")
    assert len(lines) == 8


def test_few_is_not_none(make_evaluation: MakeEvaluation) -> None:
    evaluation = make_evaluation(4000, n_layers=12, targets=(11.9,))
    reached = evaluation.operating_points[0].reached
    assert reached is not None
    table = format_table(evaluation, split="valid", reported_split="valid")
    row = table.splitlines()[3].split()[-12:]
    for count, text in zip(reached.exit_counts, row, strict=True):
        assert (text == ".") == (count == 0)
        assert (text == "<1") == (0 < count < 20)


def test_without_labels_there_are_no_scores(make_evaluation: MakeEvaluation) -> None:
    table = format_table(make_evaluation(labelled=False), split="valid", reported_split="valid")
    assert "accuracy" not in table


def test_says_which_rows_it_shows(make_evaluation: MakeEvaluation) -> None:
    evaluation = make_evaluation(300, n_choosing=100)
    table = format_table(evaluation, split="held", reported_split="valid")
    assert table.splitlines()[0] == (
        "SST-2: 200 sentences of valid, 6 exits; thresholds chosen on 100 other sentences (held)"
    )
