"""An encoder in fairseq's own files: read from any checkpoint, written as one to start from."""

import io
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pf_fairseq.checkpoints.encoder_config import EncoderConfig
from pf_fairseq.checkpoints.fairseq_roberta import ENCODER, rename_from_fairseq
from pf_fairseq.checkpoints.loading import read_checkpoint
from pf_fairseq.checkpoints.pretrained import PretrainedEncoder
from pf_fairseq.checkpoints.trained_on import ENTRY, fingerprint_in
from pf_fairseq.errors import InputError
from pf_fairseq.text.dictionary import DICTIONARY_NAME, read_dictionary
from pf_fairseq.text.tokenizer import TOKENIZERS, Tokenizer, load_tokenizer

CHECKPOINT_NAME = "checkpoint.pt"
OFFICIAL_NAME = "model.pt"
FLAGS_NAME = "train.args"


def read_fairseq(checkpoint: Path, vocabulary: Path) -> PretrainedEncoder:
    """Read the encoder of a checkpoint: converted, trained with exits, or fairseq's own RoBERTa.

    Args:
        checkpoint: the file.
        vocabulary: folder of `dict.txt` and the tokenizer's files.

    Raises:
        InputError: if something is missing, damaged, or does not fit the rest.
    """
    state = read_checkpoint(checkpoint)
    dictionary_text = _dictionary_text(vocabulary)
    vocab_size = len(read_dictionary(dictionary_text))
    try:
        config = EncoderConfig.from_model_flags(_model_flags(state), vocab_size)
    except InputError as error:
        raise InputError(f"checkpoint `{checkpoint}`: {error}") from error
    tokenizer = _tokenizer(config.description.tokenizer, vocabulary)
    if tokenizer is not None and tokenizer.dictionary_text() != dictionary_text:
        raise InputError(
            f"`{vocabulary}`: the tokenizer's files give another dictionary than {DICTIONARY_NAME};"
            " take both from one model."
        )
    if not all(isinstance(tensor, Tensor) for tensor in state["model"].values()):
        raise InputError(f"checkpoint `{checkpoint}`: its `model` must hold tensors alone.")
    weights = rename_from_fairseq(state["model"], config.shape.n_layers)
    encoder = {
        name.removeprefix(ENCODER): tensor.float()
        for name, tensor in weights.items()
        if name.startswith(ENCODER)
    }
    pretrained = PretrainedEncoder(config, encoder, dictionary_text, tokenizer)
    known = fingerprint_in(state, checkpoint)
    if known is not None:
        known.check(pretrained.fingerprint, source=f"checkpoint `{checkpoint}`", folder=vocabulary)
    return pretrained


def fairseq_files(encoder: PretrainedEncoder) -> dict[str, bytes]:
    """Contents by file name of a folder that training starts from."""
    tokenizer_files = {} if encoder.tokenizer is None else encoder.tokenizer.files
    return {
        CHECKPOINT_NAME: _checkpoint(encoder),
        FLAGS_NAME: _flag_lines(encoder.config.command_line()).encode(),
        **tokenizer_files,
        DICTIONARY_NAME: encoder.dictionary_text.encode(),
    }


def _checkpoint(encoder: PretrainedEncoder) -> bytes:
    """A checkpoint as if fairseq had just begun, so that no `--reset-...` flag is needed."""
    history = {"criterion_name": "", "optimizer_name": "", "lr_scheduler_state": {}}
    state = {
        "args": None,
        "cfg": {"model": encoder.config.model_flags()},
        "model": {ENCODER + name: tensor for name, tensor in encoder.weights.items()},
        "optimizer_history": [{**history, "num_updates": 0}],
        "extra_state": {
            "train_iterator": {"version": 2, "epoch": 1, "iterations_in_epoch": 0},
            ENTRY: encoder.fingerprint.to_json(),
        },
        "task_state": {},
    }
    content = io.BytesIO()
    torch.save(state, content)
    return content.getvalue()


def _flag_lines(flags: list[str]) -> str:
    """One flag and its value a line."""
    return "".join(f"{flag} {value}\n" for flag, value in zip(flags[::2], flags[1::2], strict=True))


def _model_flags(state: dict[str, Any]) -> dict[str, Any]:
    """The model's flags, from the config or, in fairseq's first years, a Namespace."""
    cfg = state.get("cfg")
    if cfg is not None and cfg.get("model") is not None:
        flags = cfg["model"]
        return dict(vars(flags)) if hasattr(flags, "__dict__") else dict(flags)
    return dict(vars(state["args"])) if state.get("args") is not None else {}


def _dictionary_text(vocabulary: Path) -> str:
    path = vocabulary / DICTIONARY_NAME
    if not path.is_file():
        path = vocabulary.parent / "input0" / DICTIONARY_NAME  # of a data-bin's tokenizer/
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"`{vocabulary}` must hold the model's {DICTIONARY_NAME}, which cannot be read "
            f"({error})."
        ) from error


def _tokenizer(kind: str, vocabulary: Path) -> Tokenizer | None:
    """The tokenizer; None if the folder has no file of it beside the dictionary."""
    names = {name for files in TOKENIZERS[kind].file_sets for name in files} - {DICTIONARY_NAME}
    if not any(path for name in names for path in vocabulary.glob(name)):
        return None
    return load_tokenizer(kind, vocabulary)
