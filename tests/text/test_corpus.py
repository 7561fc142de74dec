"""Rows that are kept from training."""

import pytest

from pf_fairseq.errors import InputError
from pf_fairseq.text.corpus import Corpus, hold_out
from pf_fairseq.text.tsv import Rows


def corpus_of(n_rows: int) -> Corpus:
    numbers = range(n_rows)
    train = Rows([f"text {n}" for n in numbers], None, [str(n % 2) for n in numbers])
    return Corpus("custom", ["0", "1"], False, ["accuracy"], {"train": train, "valid": train})


def test_held_rows_leave_train_and_keep_their_labels() -> None:
    whole = corpus_of(50)
    splits = hold_out(whole, 10).splits
    train, held = splits["train"], splits["held"]
    assert (len(train.first), len(held.first)) == (40, 10)
    pairs = [*zip(train.first, train.labels or [], strict=True)]
    pairs += zip(held.first, held.labels or [], strict=True)
    given = whole.splits["train"]
    assert sorted(pairs) == sorted(zip(given.first, given.labels or [], strict=True))
    for part in (train, held):
        numbers = [int(text.split()[1]) for text in part.first]
        assert numbers == sorted(numbers)
    assert splits["valid"] == whole.splits["valid"]
    assert held.first != given.first[:10] and held.first != given.first[-10:]


def test_the_same_rows_are_held_each_time() -> None:
    assert hold_out(corpus_of(50), 10) == hold_out(corpus_of(50), 10)


@pytest.mark.parametrize("n_rows", [0, -1, 50, 51])
def test_train_keeps_some(n_rows: int) -> None:
    with pytest.raises(InputError, match=rf"from 1 to 49, so .* \(50 rows\).* but is {n_rows} in"):
        hold_out(corpus_of(50), n_rows)


def test_without_train_nothing_is_held() -> None:
    corpus = Corpus("RTE", ["0", "1"], False, ["accuracy"], {"valid": Rows(["a"], None, ["0"])})
    with pytest.raises(InputError, match="train .0 rows. keeps some"):
        hold_out(corpus, 1)
