"""Classify sentences in Python, from an archive or straight from a checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pf_fairseq.artefact.loading import check_default_dtype, load_archive
from pf_fairseq.artefact.metadata import ArchiveMetadata
from pf_fairseq.errors import InputError
from pf_fairseq.files import is_torchscript
from pf_fairseq.runtime.devices import check_device
from pf_fairseq.runtime.executor import use_simple_executor, without_autocast
from pf_fairseq.serving.arguments import (
    read_batch_size,
    read_parameter,
    read_path,
    with_points,
)
from pf_fairseq.text.inputs import InputLayout, build_input, pad_batch
from pf_fairseq.text.tokenizer import Tokenizer, tokenizer_from_files

Text = str | tuple[str, str]


@dataclass(frozen=True)
class Prediction:
    """What a sentence is, how sure, and after how many layers (1-based); logits before softmax."""

    label: str
    probability: float
    exit_layer: int
    logits: list[float]


@dataclass(frozen=True)
class _Source:
    """What `load` was given, from which another process loads the same."""

    path: Path
    data: Path | None
    operating_points: Path | None
    device: torch.device

    def lasting(self, data: Path | None) -> "_Source":
        """The same from any working folder; `data` is where a checkpoint's data were found."""
        points = self.operating_points
        return _Source(
            path=self.path.absolute(),
            data=None if data is None else data.absolute(),
            operating_points=None if points is None else points.absolute(),
            device=self.device,
        )


class EarlyExitClassifier:
    """Classifies sentences, each leaving at its own layer. Safe to call from many threads.

    Make one with `load`. It pickles as its path, from which the receiving process loads it again.

    Raises:
        InputError: if the tokenizer does not give the ids that the model knows.
    """

    def __init__(
        self,
        module: Any,
        metadata: ArchiveMetadata,
        tokenizer: Tokenizer,
        source: _Source | None = None,
    ) -> None:
        if tokenizer.vocab_size != metadata.vocab_size:
            raise InputError(
                f"the tokenizer must give the {metadata.vocab_size} ids that the model knows, "
                f"but gives {tokenizer.vocab_size}; take the tokenizer it was trained with."
            )
        self._module = module
        self._tokenizer = tokenizer
        self._source = source
        self.metadata = metadata

    @classmethod
    def load(
        cls,
        path: str | Path,
        data: str | Path | None = None,
        *,
        operating_points: str | Path | None = None,
        device: str | torch.device = "cpu",
    ) -> "EarlyExitClassifier":
        """Load an exported archive, or a checkpoint of `fairseq-train`.

        Args:
            path: the file.
            data: for a checkpoint, its data-bin; none: the path that the checkpoint remembers.
            operating_points: file of `pf-fairseq calibrate` or `evaluate` for this very model;
                none: the archive's own, or the `operating_points.json` beside the checkpoint if
                it is of this checkpoint.
            device: as `torch.device` takes it.

        Raises:
            InputError: if the file, the data, the points or the device cannot be used.
        """
        source = _Source(
            path=read_path(path, "path"),
            data=None if data is None else read_path(data, "data"),
            operating_points=(
                None
                if operating_points is None
                else read_path(operating_points, "operating_points")
            ),
            device=check_device(device, "device"),
        )
        if is_torchscript(source.path):
            return cls._from_archive(source)
        return cls._from_checkpoint(source)

    @classmethod
    def _from_archive(cls, source: _Source) -> "EarlyExitClassifier":
        use_simple_executor()
        archive = load_archive(source.path, source.device)
        entry = archive.metadata.tokenizer
        if entry is None:
            raise InputError(
                f"archive `{source.path}` was exported without a tokenizer, so it takes token ids "
                f"only; export it again without `--no-tokenizer`."
            )
        metadata = archive.metadata
        if source.operating_points is not None:
            metadata = with_points(metadata, source.operating_points)
        tokenizer = tokenizer_from_files(entry.kind, archive.files, entry.special_pieces)
        return cls(archive.module, metadata, tokenizer, source.lasting(source.data))

    @classmethod
    def _from_checkpoint(cls, source: _Source) -> "EarlyExitClassifier":
        # fairseq takes seconds to import and an archive does not need it.
        from pf_fairseq.trained.serving import build_eager

        found = build_eager(source.path, source.data, source.operating_points, source.device)
        return cls(found.runtime, found.metadata, found.tokenizer, source.lasting(found.data))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as the path: a module that was loaded cannot be pickled, nor need it be."""
        if self._source is None:
            raise TypeError(
                "a classifier that `load` did not make cannot be pickled; load one in each process."
            )
        return _load_again, (self._source, self.metadata)

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
            threshold: the policy's parameter, for entropy in nats; not together with `speedup`.
                Without either, the default operating point.
            batch_size: most sentences of a batch; those of like length run together.

        Raises:
            InputError: naming the text that cannot be classified (counted from 0), or the argument
                that is no number or no operating point's; if the model's answers are none.
        """
        tau = self._threshold(speedup, threshold)
        batch_size = read_batch_size(batch_size)
        inputs = self._encode(texts)
        order = sorted(range(len(inputs)), key=lambda index: len(inputs[index]))
        predictions: dict[int, Prediction] = {}
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            found = self._classify([inputs[index] for index in chosen], tau)
            predictions.update(zip(chosen, found, strict=True))
        return [predictions[index] for index in range(len(inputs))]

    def _threshold(self, speedup: object, threshold: object) -> float:
        if speedup is not None and threshold is not None:
            raise InputError("give `speedup` or `threshold`, not both.")
        if threshold is not None:
            policy = self.metadata.policy
            hint = f"Use {policy.never:g} to never exit early."
            return read_parameter(threshold, "threshold", policy.parameter_unit, hint)
        if speedup is not None:
            hint = "Use that of an operating point."
            return self.metadata.threshold_for(read_parameter(speedup, "speedup", "a ratio", hint))
        return self.metadata.default_threshold

    def _encode(self, texts: Sequence[Text]) -> list[list[int]]:
        if isinstance(texts, str):
            raise InputError("`texts` must be a list of texts, but is a single text instead.")
        if not isinstance(texts, Sequence):
            raise InputError(
                f"`texts` must be a list of texts, but is of the type {type(texts).__name__} "
                "instead."
            )
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
        parameter = torch.tensor(tau, dtype=torch.float32, device="cpu")
        check_default_dtype(self.metadata, "" if self._source is None else str(self._source.path))
        with torch.inference_mode(), without_autocast(tokens.device):
            logits, exit_layer, _ = self._module(tokens, parameter)
        logits, exit_layer = logits.cpu(), exit_layer.cpu()
        self._check(logits, exit_layer, len(inputs))
        return self._predictions(logits, exit_layer)

    def _check(self, logits: Tensor, exit_layer: Tensor, n_inputs: int) -> None:
        """Refuse answers that no model should give, in the words of the C++ library."""
        n_labels, n_layers = len(self.metadata.labels), self.metadata.n_layers
        if logits.shape != (n_inputs, n_labels) or exit_layer.shape != (n_inputs,):
            raise InputError(
                f"The model gave logits {tuple(logits.shape)} and exit layers "
                f"{tuple(exit_layer.shape)} for {n_inputs} sentences and {n_labels} labels. Export "
                "it again."
            )
        strange = exit_layer[(exit_layer < 1) | (exit_layer > n_layers)]
        if strange.numel() > 0:
            raise InputError(
                f"The model gave the exit layer {int(strange[0])} of {n_layers}. Export it again."
            )
        if not bool(logits.isfinite().all()):
            raise InputError(
                "The model's logits are not finite; its training diverged: take an earlier "
                "checkpoint, or train again."
            )

    def _device(self) -> torch.device:
        device: torch.device = next(self._module.parameters()).device
        return device

    def _predictions(self, logits: Tensor, exit_layer: Tensor) -> list[Prediction]:
        probability, label = torch.softmax(logits, dim=-1).max(dim=-1)
        rows = zip(
            label.tolist(), probability.tolist(), exit_layer.tolist(), logits.tolist(), strict=True
        )
        return [Prediction(self.metadata.labels[k], p, layer, z) for k, p, layer, z in rows]


def _load_again(source: _Source, metadata: ArchiveMetadata) -> EarlyExitClassifier:
    """Load what was pickled, in another process.

    Raises:
        InputError: if another model lies at its path now.
    """
    classifier = EarlyExitClassifier.load(
        source.path,
        source.data,
        operating_points=source.operating_points,
        device=source.device,
    )
    if classifier.metadata != metadata:
        raise InputError(
            f"`{source.path}` holds another model than the one that was pickled; load it in each "
            "process instead."
        )
    return classifier
