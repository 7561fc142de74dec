"""One error for whatever a user can mend, with all problems in it."""

import pytest

from pf_fairseq.errors import InputError, list_problems


def test_it_is_a_value_error() -> None:
    assert issubclass(InputError, ValueError)


def test_every_problem_has_a_line() -> None:
    error = list_problems("two rows cannot be read:", ["a.tsv:3: no label", "a.tsv:9: no text"])
    assert isinstance(error, InputError)
    assert str(error) == ("two rows cannot be read:\n  a.tsv:3: no label\n  a.tsv:9: no text")


@pytest.mark.parametrize(
    ("n_problems", "last"), [(3, "  problem 2"), (4, "  ... and 1 more"), (50, "  ... and 47 more")]
)
def test_beyond_the_limit_they_are_counted(n_problems: int, last: str) -> None:
    problems = [f"problem {number}" for number in range(n_problems)]
    lines = str(list_problems("heading", problems, limit=3)).splitlines()
    assert lines[:4] == ["heading", "  problem 0", "  problem 1", "  problem 2"]
    assert lines[-1] == last
    assert len(problems) == n_problems, "the caller's list is left alone"
