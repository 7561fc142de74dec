"""The finished input of a model: special tokens around the text, truncated, and padded batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pf_fairseq.errors import InputError

if TYPE_CHECKING:  # torch takes seconds to import, for which no reader of text should wait
    from torch import Tensor


@dataclass(frozen=True)
class InputLayout:
    """Where the special tokens of a finished input stand: `init a eos [separator] b eos`.

    Args:
        init_token: id of the first token of every input.
        eos_token: id that ends each text.
        separator_token: id put before the second text of a pair; none: nothing stands there.
    """

    init_token: int
    eos_token: int
    separator_token: int | None = None

    def n_special(self, pair: bool) -> int:
        """Count the special tokens of a finished input."""
        if not pair:
            return 2
        return 3 if self.separator_token is None else 4


def check_max_tokens(max_tokens: int, layout: InputLayout, pair: bool) -> None:
    """Refuse a `max_tokens` that leaves no token of text.

    Raises:
        InputError: if special tokens and one token for each text are more than `max_tokens`.
    """
    least = layout.n_special(pair) + (2 if pair else 1)
    if max_tokens < least:
        what = "a pair" if pair else "a sentence"
        raise InputError(
            f"`max_tokens` must be at least {least} so that {what} keeps a token of text beside "
            f"{layout.n_special(pair)} special tokens, but is {max_tokens} instead."
        )


def truncate_pair(n_first: int, n_second: int, budget: int) -> tuple[int, int]:
    """Share `budget` tokens between two texts of `n_first` and `n_second` tokens.

    The same as dropping the last token of the longer text until both fit; when both are equally
    long, of the one that was the shorter before, or of the first if neither was. So does Hugging
    Face `tokenizers`, and with it every tokenizer of `transformers` 5.

    Returns:
        How many tokens of each text are kept.
    """
    if n_first + n_second <= budget:
        return n_first, n_second
    half = budget // 2  # of an odd budget the longer text gets one more
    first = min(n_first, half) if n_first <= n_second else budget - min(n_second, half)
    return first, budget - first


def build_input(
    first: Sequence[int],
    second: Sequence[int] | None,
    *,
    layout: InputLayout,
    max_tokens: int,
) -> list[int]:
    """Put the special tokens around one text or two, and truncate, longest text first.

    Args:
        first: ids of the text, without special tokens.
        second: ids of the second text of a pair; none for a single sentence.
        layout: the special tokens and their places.
        max_tokens: most tokens of the result, special ones included.

    Returns:
        The ids of the finished input, as fairseq's `sentence_prediction` builds it.

    Raises:
        InputError: if `max_tokens` leaves no room for text.
    """
    pair = second is not None
    check_max_tokens(max_tokens, layout, pair)
    budget = max_tokens - layout.n_special(pair)
    if second is None:
        return [layout.init_token, *first[:budget], layout.eos_token]
    n_first, n_second = truncate_pair(len(first), len(second), budget)
    separator = [] if layout.separator_token is None else [layout.separator_token]
    opening = [layout.init_token, *first[:n_first], layout.eos_token]
    return [*opening, *separator, *second[:n_second], layout.eos_token]


def pad_batch(sentences: Sequence[Sequence[int]], pad_id: int) -> "Tensor":
    """Stack finished inputs into one int64 tensor `(B, T)`, padded on the right with `pad_id`."""
    import torch

    longest = max((len(sentence) for sentence in sentences), default=0)
    batch = torch.full((len(sentences), longest), pad_id, dtype=torch.int64, device="cpu")
    for row, sentence in zip(batch, sentences, strict=True):
        row[: len(sentence)] = torch.tensor(sentence, dtype=torch.int64, device="cpu")
    return batch


def cut_input(
    sentence: Sequence[int], *, layout: InputLayout, pair: bool, max_tokens: int
) -> list[int]:
    """Cut a finished input as serving would have cut its texts.

    Args:
        sentence: ids with all special tokens; texts hold no eos of their own.
        layout: the special tokens and their places.
        pair: whether it is two texts.
        max_tokens: most tokens of the result, special ones included.

    Raises:
        InputError: if `max_tokens` leaves no room for text.
    """
    if len(sentence) <= max_tokens:
        return list(sentence)
    end = list(sentence).index(layout.eos_token, 1)
    first, second = sentence[1:end], None
    if pair:
        start = end + 1 + (layout.separator_token is not None)
        second = sentence[start:-1]
    return build_input(first, second, layout=layout, max_tokens=max_tokens)
