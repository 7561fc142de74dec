"""Finished inputs against a loop that drops one token at a time, and against `transformers`."""

import re
from collections.abc import Callable
from itertools import product

import pytest
import torch
from tokenizers.pre_tokenizers import ByteLevel
from transformers import BertTokenizer, PreTrainedTokenizerBase, RobertaTokenizer

from pf_fairseq.errors import InputError
from pf_fairseq.text.inputs import (
    InputLayout,
    build_input,
    check_max_tokens,
    cut_input,
    pad_batch,
    truncate_pair,
)

ROBERTA = InputLayout(init_token=0, eos_token=2, separator_token=2)
BERT = InputLayout(init_token=5, eos_token=2)


def naive_input(
    first: list[int], second: list[int] | None, layout: InputLayout, max_tokens: int
) -> list[int]:
    """Build the input, and while it is too long drop the last token of the longer text.

    When both are equally long it is the one that was the shorter before, or the first.
    """
    first, second = list(first), None if second is None else list(second)
    first_at_tie = second is not None and len(first) <= len(second)
    while True:
        finished = [layout.init_token, *first, layout.eos_token]
        if second is not None:
            finished += [] if layout.separator_token is None else [layout.separator_token]
            finished += [*second, layout.eos_token]
        if len(finished) <= max_tokens:
            return finished
        if second is None or len(first) > len(second):
            first.pop()
        elif len(first) < len(second):
            second.pop()
        else:
            (first if first_at_tie else second).pop()


def test_layouts() -> None:
    assert build_input([7, 8], None, layout=ROBERTA, max_tokens=9) == [0, 7, 8, 2]
    assert build_input([7, 8], [9], layout=ROBERTA, max_tokens=9) == [0, 7, 8, 2, 2, 9, 2]
    assert build_input([7, 8], [9], layout=BERT, max_tokens=9) == [5, 7, 8, 2, 9, 2]


@pytest.mark.parametrize("layout", [ROBERTA, BERT])
@pytest.mark.parametrize("max_tokens", [6, 7, 12, 13, 18])
def test_matches_naive_loop(layout: InputLayout, max_tokens: int) -> None:
    for n_first in range(12):
        first = list(range(10, 10 + n_first))
        single = build_input(first, None, layout=layout, max_tokens=max_tokens)
        assert single == naive_input(first, None, layout, max_tokens)
        for n_second in range(12):
            second = list(range(30, 30 + n_second))
            pair = build_input(first, second, layout=layout, max_tokens=max_tokens)
            assert pair == naive_input(first, second, layout, max_tokens)


def bert() -> PreTrainedTokenizerBase:
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "##a", "##b"]
    return BertTokenizer({piece: number for number, piece in enumerate(pieces)})


def roberta() -> PreTrainedTokenizerBase:
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *sorted(ByteLevel.alphabet()), "<mask>"]
    return RobertaTokenizer({piece: number for number, piece in enumerate(pieces)}, merges=[])


@pytest.mark.parametrize(("make", "n_special"), [(bert, 3), (roberta, 4)])
def test_pairs_are_cut_as_transformers_cuts_them(
    make: Callable[[], PreTrainedTokenizerBase], n_special: int
) -> None:
    tokenizer = make()
    for n_first, n_second, budget in product(range(1, 12), range(1, 12), range(1, 24)):
        encoding = tokenizer(
            "a" * n_first, "b" * n_second, truncation="longest_first", max_length=budget + n_special
        )
        pieces = [piece[-1] for piece in tokenizer.convert_ids_to_tokens(encoding["input_ids"])]
        expected = (pieces.count("a"), pieces.count("b"))
        assert truncate_pair(n_first, n_second, budget) == expected, (n_first, n_second, budget)


@pytest.mark.parametrize(
    ("layout", "pair", "least"),
    [(ROBERTA, False, 3), (ROBERTA, True, 6), (BERT, False, 3), (BERT, True, 5)],
)
def test_max_tokens_must_leave_room_for_text(layout: InputLayout, pair: bool, least: int) -> None:
    check_max_tokens(least, layout, pair)
    for max_tokens in (least - 1, 0, -4):
        message = f"must be at least {least} so that"
        with pytest.raises(InputError, match=re.escape(message)) as caught:
            build_input([7], [8] if pair else None, layout=layout, max_tokens=max_tokens)
        assert f"but is {max_tokens} instead" in str(caught.value)


def test_pad_batch_pads_on_the_right() -> None:
    batch = pad_batch([[0, 7, 2], [0, 7, 8, 9, 2], [0]], pad_id=1)
    assert batch.dtype == torch.int64
    assert batch.tolist() == [[0, 7, 2, 1, 1], [0, 7, 8, 9, 2], [0, 1, 1, 1, 1]]
    assert pad_batch([], pad_id=1).shape == (0, 0)


@pytest.mark.parametrize("separator", [None, 9])
@pytest.mark.parametrize("max_tokens", [8, 11, 40])
def test_a_finished_input_is_cut_as_its_texts_would_have_been(
    separator: int | None, max_tokens: int
) -> None:
    layout = InputLayout(0, 2, separator)
    texts: list[tuple[list[int], list[int] | None]] = [
        ([5] * 20, None),
        ([5, 6], None),
        ([5] * 20, [6] * 3),
        ([5] * 3, [6] * 20),
        ([], [6] * 20),
    ]
    for first, second in texts:
        whole = build_input(first, second, layout=layout, max_tokens=100)
        cut = cut_input(whole, layout=layout, pair=second is not None, max_tokens=max_tokens)
        assert cut == build_input(first, second, layout=layout, max_tokens=max_tokens)
