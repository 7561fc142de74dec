"""Classify sentences in Python, from an archive or straight from a checkpoint."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pf_fairseq.artefact.archive import load_archive
from pf_fairseq.artefact.metadata import ArchiveMetadata
from pf_fairseq.errors import InputError
from pf_fairseq.files import is_torchscript
from pf_fairseq.runtime.executor import use_simple_executor
from pf_fairseq.text.inputs import InputLayout, build_input, pad_batch
from pf_fairseq.text.tokenizer import Tokenizer, load_tokenizer, tokenizer_from_files

Text = str | tuple[str, str]


@dataclass(frozen=True)
class Prediction:
    """What a sentence is, how sure, and after how many layers (1-based); logits before softmax."""

    label: str
    probability: float
    exit_layer: int
    logits: list[float]


class EarlyExitClassifier:
    """Classifies sentences, each leaving at its own layer. Safe to call from many threads.

    Make one with `load`.

    Raises:
        InputError: if the tokenizer does not give the ids that the model knows.
    """

    def __init__(self, module: Any, metadata: ArchiveMetadata, tokenizer: Tokenizer) -> None:
        if tokenizer.vocab_size != metadata.vocab_size:
            raise InputError(
                f"the tokenizer must give the {metadata.vocab_size} ids that the model knows, "
                f"but gives {tokenizer.vocab_size}; take the tokenizer it was trained with."
            )
        self._module = module
        self._tokenizer = tokenizer
        self.metadata = metadata

    @classmethod
    def load(
        cls, path: str | Path, data: str | Path | None = None, *, device: str = "cpu"
    ) -> "EarlyExitClassifier":
        """Load an exported archive, or a checkpoint of `fairseq-train`.

        Args:
            path: the file.
            data: for a checkpoint, its data-bin; none: the path that the checkpoint remembers.
            device: as `torch.device` takes it.

        Raises:
            InputError: if the file, the data or the device cannot be used.
        """
        path = Path(path)
        _check_device(device)
        if is_torchscript(path):
            return cls._from_archive(path, device)
        return cls._from_checkpoint(path, None if data is None else Path(data), device)

    @classmethod
    def _from_archive(cls, path: Path, device: str) -> "EarlyExitClassifier":
        use_simple_executor()
        archive = load_archive(path, device)
        entry = archive.metadata.tokenizer
        if entry is None:
            raise InputError(
                f"archive `{path}` was exported without a tokenizer, so it takes token ids only; "
                f"export it again without `--no-tokenizer`."
            )
        tokenizer = tokenizer_from_files(entry.kind, archive.files)
        return cls(archive.module, archive.metadata, tokenizer)

    @classmethod
    def _from_checkpoint(cls, path: Path, data: Path | None, device: str) -> "EarlyExitClassifier":
        # fairseq takes seconds to import and an archive does not need it.
        from pf_fairseq.trained.exporting import ExportOptions, build_metadata, build_runtime
        from pf_fairseq.trained.loading import load_trained_model

        trained = load_trained_model(path, data)
        options = ExportOptions(operating_points=[], default=None)
        tokenizer = load_tokenizer(trained.task.tokenizer, trained.data / "tokenizer")
        runtime = build_runtime(trained, options).to(device)
        return cls(runtime, build_metadata(trained, options, tokenizer), tokenizer)

    def predict(
        self,
        texts: Sequence[Text],
        *,
        speedup: float | None = None,
        threshold: float | None = None,
        batch_size: int = 32,
    ) -> list[Prediction]:
        """Classify texts; a pair is a tuple of two.

        Args:
            texts: any number; results stand in their order.
            speedup: use the operating point with this target.
            threshold: entropy in nats below which a sentence leaves; not together with `speedup`.
                Without either, the archive's default.
            batch_size: most sentences of a batch; those of like length run together.

        Raises:
            InputError: naming the text that cannot be classified (counted from 0), or an unknown
                speed-up.
        """
        tau = self._threshold(speedup, threshold)
        if batch_size < 1:
            raise InputError(f"`batch_size` must be at least 1, but is {batch_size} instead.")
        inputs = self._encode(texts)
        order = sorted(range(len(inputs)), key=lambda index: len(inputs[index]))
        predictions: dict[int, Prediction] = {}
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            found = self._classify([inputs[index] for index in chosen], tau)
            predictions.update(zip(chosen, found, strict=True))
        return [predictions[index] for index in range(len(inputs))]

    def _threshold(self, speedup: float | None, threshold: float | None) -> float:
        if speedup is not None and threshold is not None:
            raise InputError("give `speedup` or `threshold`, not both.")
        if threshold is not None:
            if math.isnan(threshold):
                raise InputError(
                    "`threshold` must be a number (entropy in nats), but is NaN instead. "
                    "Use 0 to never exit early."
                )
            return float(threshold)
        if speedup is not None:
            return self.metadata.threshold_for(speedup)
        return self.metadata.default_threshold

    def _encode(self, texts: Sequence[Text]) -> list[list[int]]:
        if isinstance(texts, str):
            raise InputError("`texts` must be a list of texts, but is a single text instead.")
        firsts = self._tokenizer.encode_batch([self._part(t, 0, i) for i, t in enumerate(texts)])
        seconds: list[list[int]] | list[None] = [None] * len(firsts)
        if self.metadata.pair:
            second_texts = [self._part(text, 1, index) for index, text in enumerate(texts)]
            seconds = self._tokenizer.encode_batch(second_texts)
        metadata = self.metadata
        layout = InputLayout(
            metadata.init_token, metadata.special_tokens["eos"], metadata.separator_token
        )
        return [
            build_input(first, second, layout=layout, max_tokens=metadata.max_tokens)
            for first, second in zip(firsts, seconds, strict=True)
        ]

    def _part(self, text: Text, part: int, index: int) -> str:
        parts = tuple(text) if isinstance(text, tuple | list) else (text,)
        wanted = 2 if self.metadata.pair else 1
        if len(parts) != wanted or not all(isinstance(each, str) for each in parts):
            what = "a pair (a tuple of two texts)" if wanted == 2 else "a single text"
            raise InputError(f"text {index} must be {what}, but is {text!r} instead.")
        chosen = parts[part]
        if not chosen:
            raise InputError(f"text {index} is empty; every text needs at least one character.")
        if not chosen.isascii() and any("\ud800" <= char <= "\udfff" for char in chosen):
            raise InputError(
                f"text {index} holds a lone surrogate, which is no character; decode it properly."
            )
        return chosen

    def _classify(self, inputs: list[list[int]], tau: float) -> list[Prediction]:
        tokens = pad_batch(inputs, self.metadata.special_tokens["pad"]).to(self._device())
        with torch.inference_mode():
            logits, exit_layer, _ = self._module(tokens, torch.tensor(tau))
        return self._predictions(logits.cpu(), exit_layer.cpu())

    def _device(self) -> torch.device:
        device: torch.device = next(self._module.parameters()).device
        return device

    def _predictions(self, logits: Tensor, exit_layer: Tensor) -> list[Prediction]:
        probability, label = torch.softmax(logits, dim=-1).max(dim=-1)
        rows = zip(
            label.tolist(), probability.tolist(), exit_layer.tolist(), logits.tolist(), strict=True
        )
        return [Prediction(self.metadata.labels[k], p, layer, z) for k, p, layer, z in rows]


def _check_device(device: str) -> None:
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"`device` must be one that this machine and this torch have, but is {device!r} "
            f"instead; use `cpu`."
        ) from error
