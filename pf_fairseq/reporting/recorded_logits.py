"""`logits.npz`: what the model said, so that other policies can be tried without running it."""

from pathlib import Path

import numpy as np

from pf_fairseq.exiting.recorded import RecordedExits
from pf_fairseq.files import atomic_path


def write_logits(path: Path, recorded: RecordedExits) -> None:
    """Write `logits` fp32 `(N, L, C)`, and where there are any `targets` and `evidence`.

    `targets` are int64 `(N,)`, `evidence` fp32 `(N, L, E)`.
    """
    arrays = {"logits": recorded.logits.numpy().astype(np.float32, copy=False)}
    if recorded.targets is not None:
        arrays["targets"] = recorded.targets.numpy()
    if recorded.evidence is not None and recorded.evidence.size(-1) > 0:
        arrays["evidence"] = recorded.evidence.numpy()
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
