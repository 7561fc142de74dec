"""Run a split once at full depth and keep what every exit says."""

import sys
from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor
from tqdm import tqdm

from pf_fairseq.text.inputs import pad_batch

CPU = torch.device("cpu")
N_LINES = 10  # progress lines where there is no terminal


class RecordableModel(Protocol):
    """A model that tells what all its exits say."""

    def record_exits(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Map right-padded int64 `(B, T)` to logits `(B, L, C)` and evidence `(B, L, E)`."""
        ...


def record_exits(
    model: RecordableModel,
    sentences: Sequence[Sequence[int]],
    pad_id: int,
    *,
    device: torch.device = CPU,
    max_batch_tokens: int = 4096,
) -> tuple[Tensor, Tensor]:
    """Record every exit's logits and evidence for every sentence, showing progress on stderr.

    Sentences of like length are batched together, the longest first, so that little is padded
    and a lack of memory shows at once.

    Args:
        model: in evaluation mode.
        sentences: finished inputs (special tokens included), at least one.
        pad_id: id that fills up shorter sentences of a batch.
        device: where the model is.
        max_batch_tokens: most tokens of a batch, padding included; a longer sentence runs alone.

    Returns:
        logits fp32 `(N, L, C)` and evidence fp32 `(N, L, E)` on the CPU, in the order of
        `sentences`.
    """
    if not sentences:
        raise ValueError("`sentences` must hold at least one sentence, but is empty instead.")
    progress = _Progress(len(sentences))
    recorded: list[Tensor] = []
    with torch.inference_mode():
        for batch in batch_by_length([len(sentence) for sentence in sentences], max_batch_tokens):
            tokens = pad_batch([sentences[index] for index in batch], pad_id)
            found = [each.float().cpu() for each in model.record_exits(tokens.to(device))]
            if not recorded:
                recorded = [each.new_empty((len(sentences), *each.shape[1:])) for each in found]
            for kept, each in zip(recorded, found, strict=True):
                kept[batch] = each
            progress.advance(len(batch))
    progress.close()
    # Cloned outside inference mode, ordinary tensors again.
    logits, evidence = (each.clone() for each in recorded)
    return logits, evidence


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
