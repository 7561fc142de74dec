"""Batches of rows, truncated and counted, against one row at a time."""

import pytest

from pf_fairseq.text.byte_level_bpe import ByteLevelBpe
from pf_fairseq.text.encoding import BATCH_SIZE, LengthSummary, encode_rows
from pf_fairseq.text.inputs import build_input
from pf_fairseq.text.tsv import Rows
from tests.text.small_bpe import SENTENCES, fairseq_files

MAX_TOKENS = 21


@pytest.mark.parametrize("pair", [False, True])
def test_equals_build_input_row_by_row(pair: bool) -> None:
    tokenizer = ByteLevelBpe(fairseq_files())
    layout = tokenizer.layout(pair)
    first = [SENTENCES[row % 5][: row % 40 + 1] for row in range(BATCH_SIZE + 7)]
    second = [SENTENCES[row % 4][: row % 33 + 1] for row in range(BATCH_SIZE + 7)]
    rows = Rows(first, second if pair else None)
    summary = LengthSummary()
    encoded = list(
        encode_rows(rows, tokenizer, layout=layout, max_tokens=MAX_TOKENS, summary=summary)
    )
    finished, full_lengths = [], []
    for text, other in zip(first, second, strict=True):
        (ids,) = tokenizer.encode_batch([text])
        others = tokenizer.encode_batch([other])[0] if pair else None
        finished.append(build_input(ids, others, layout=layout, max_tokens=MAX_TOKENS))
        full_lengths.append(len(build_input(ids, others, layout=layout, max_tokens=999)))
    ends = [2, 2] if pair else []  # eos of the first text, separator
    assert [[0, *row[0], *ends, *(row[1] if pair else []), 2] for row in encoded] == finished
    lengths = [len(each) for each in finished]
    assert (summary.n_rows, summary.n_tokens) == (len(first), sum(lengths))
    assert (summary.longest, summary.mean) == (max(lengths), sum(lengths) / len(lengths))
    assert summary.n_truncated == sum(length > MAX_TOKENS for length in full_lengths) > 0
