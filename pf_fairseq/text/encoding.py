"""Rows of text to rows of ids, cut to the length that a model takes, batch by batch."""

from collections.abc import Iterator
from dataclasses import dataclass

from pf_fairseq.text.inputs import InputLayout, truncate_pair
from pf_fairseq.text.tokenizer import Tokenizer
from pf_fairseq.text.tsv import Rows

BATCH_SIZE = 1000  # rows encoded at once: enough to keep all cores busy

# ids of a row's text, or of its two texts, without special tokens
EncodedRow = tuple[list[int], ...]


@dataclass
class LengthSummary:
    """How long the finished inputs of a split are, in tokens with the special ones.

    Args:
        n_rows: number of inputs.
        n_tokens: tokens of all inputs together.
        longest: tokens of the longest input.
        n_truncated: inputs that lost tokens to `max_tokens`.
    """

    n_rows: int = 0
    n_tokens: int = 0
    longest: int = 0
    n_truncated: int = 0

    def add(self, full_length: int, max_tokens: int) -> None:
        """Count an input that has `full_length` tokens before it is cut to `max_tokens`."""
        length = min(full_length, max_tokens)
        self.n_rows += 1
        self.n_tokens += length
        self.longest = max(self.longest, length)
        self.n_truncated += full_length > max_tokens

    @property
    def mean(self) -> float:
        """Mean tokens of an input."""
        return self.n_tokens / self.n_rows


def encode_rows(
    rows: Rows,
    tokenizer: Tokenizer,
    *,
    layout: InputLayout,
    max_tokens: int,
    summary: LengthSummary,
) -> Iterator[EncodedRow]:
    """Encode and truncate each row, so that its finished input has at most `max_tokens` tokens.

    Args:
        rows: the texts.
        tokenizer: encodes them.
        layout: special tokens of the finished input.
        max_tokens: at least what `check_max_tokens` asks for.
        summary: counts every row.

    Yields:
        Ids of each row's texts, one list or two, in the order of the rows.
    """
    n_special = layout.n_special(pair=rows.second is not None)
    budget = max_tokens - n_special
    for start in range(0, len(rows.first), BATCH_SIZE):
        batch = slice(start, start + BATCH_SIZE)
        first = tokenizer.encode_batch(rows.first[batch])
        if rows.second is None:
            for ids in first:
                summary.add(n_special + len(ids), max_tokens)
                yield (ids[:budget],)
            continue
        for ids, others in zip(first, tokenizer.encode_batch(rows.second[batch]), strict=True):
            summary.add(n_special + len(ids) + len(others), max_tokens)
            n_first, n_second = truncate_pair(len(ids), len(others), budget)
            yield ids[:n_first], others[:n_second]
