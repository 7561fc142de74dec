"""Run a split once at full depth and keep the logits of every exit."""

import sys
from collections.abc import Iterator, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn
from tqdm import tqdm

from pf_fairseq.text.inputs import pad_batch

N_LINES = 10  # progress lines where there is no terminal


class ExitLogitsModel(Protocol):
    """A model that gives the logits of all its exits."""

    def exit_logits(self, tokens: Tensor) -> Tensor:
        """Map right-padded int64 `(B, T)` to fp32 `(B, L, C)`."""
        ...

    def parameters(self) -> Iterator[nn.Parameter]:
        """Iterate over the parameters."""
        ...


def record_exit_logits(
    model: ExitLogitsModel,
    sentences: Sequence[Sequence[int]],
    pad_id: int,
    *,
    max_batch_tokens: int = 4096,
) -> Tensor:
    """Record every exit's logits for every sentence, showing progress on stderr.

    Sentences of like length are batched together, the longest first, so that little is padded
    and a lack of memory shows at once.

    Args:
        model: in evaluation mode, on the device where it is to run.
        sentences: finished inputs (special tokens included), at least one.
        pad_id: id that fills up shorter sentences of a batch.
        max_batch_tokens: most tokens of a batch, padding included; a longer sentence runs alone.

    Returns:
        fp32 `(N, L, C)` on the CPU, in the order of `sentences`.
    """
    if not sentences:
        raise ValueError("`sentences` must hold at least one sentence, but is empty instead.")
    device = next(model.parameters()).device
    progress = _Progress(len(sentences))
    logits = torch.empty(0)
    with torch.inference_mode():
        for batch in batch_by_length([len(sentence) for sentence in sentences], max_batch_tokens):
            tokens = pad_batch([sentences[index] for index in batch], pad_id)
            found = model.exit_logits(tokens.to(device)).float().cpu()
            if logits.size(0) == 0:
                logits = found.new_empty((len(sentences), *found.shape[1:]))
            logits[batch] = found
            progress.advance(len(batch))
    progress.close()
    return logits.clone()  # outside inference mode, an ordinary tensor again


def batch_by_length(lengths: Sequence[int], max_batch_tokens: int) -> list[list[int]]:
    """Group the sentences by length, the longest first.

    Args:
        lengths: tokens of each sentence.
        max_batch_tokens: most tokens of a batch, padding included.

    Returns:
        Indices into `lengths`, each once; a sentence beyond the limit makes a batch of its own.
    """
    batches: list[list[int]] = []
    room = 0
    for index in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        if room < 1:
            batches.append([])
            room = max(1, max_batch_tokens // max(1, lengths[index]))
        batches[-1].append(index)
        room -= 1
    return batches


class _Progress:
    """A bar on a terminal, a line for every tenth of the work elsewhere; both on stderr."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        interactive = sys.stderr.isatty()
        self.bar = tqdm(total=total, unit=" sentences", file=sys.stderr) if interactive else None

    def advance(self, n_sentences: int) -> None:
        """Tell that `n_sentences` more are done."""
        lines_before = self.done * N_LINES // self.total
        self.done += n_sentences
        if self.bar is not None:
            self.bar.update(n_sentences)
        elif self.done * N_LINES // self.total > lines_before:
            print(f"{self.done} of {self.total} sentences", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Leave the bar as it stands."""
        if self.bar is not None:
            self.bar.close()
