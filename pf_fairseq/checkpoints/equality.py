"""Whether a Hugging Face model and an encoder of ours compute the same."""

import importlib.util
import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pf_fairseq.backbones.backbone import Backbone
from pf_fairseq.checkpoints.pretrained import PretrainedEncoder, token_ids
from pf_fairseq.errors import InputError
from pf_fairseq.text.dictionary import DICTIONARY_NAME
from pf_fairseq.text.inputs import build_input, pad_batch

TOLERANCE = 1e-4
_SENTENCES = (
    "A fine film, and not a minute too long.",
    "It rained on the 3rd of May; nobody minded, though the café was closed until eight o'clock.",
    "No.",
)
_PAIRS = (
    ("Where do the herons nest?", "They nest in the tall poplars behind the mill."),
    ("The bridge was finished in 1894.", "In 1894 the bridge was finished."),
)
_TEXTS = (*((sentence, None) for sentence in _SENTENCES), *_PAIRS)


def largest_difference(folder: Path, encoder: PretrainedEncoder, ours: Backbone) -> float:
    """Compare last hidden states, single sentences and pairs, padded.

    Args:
        folder: of the Hugging Face model.
        encoder: the same in our form, with a tokenizer.
        ours: what `encoder` builds.

    Returns:
        The largest absolute difference over all tokens; infinity if some value is no number.

    Raises:
        InputError: if transformers is not installed or cannot load the folder.
    """
    try:
        from transformers import AutoModel
        from transformers.utils.logging import disable_progress_bar, set_verbosity_error
    except ImportError as error:
        raise InputError(
            f"`--check` needs transformers, which cannot be imported ({error}); "
            "`pip install transformers`, or leave `--check` out."
        ) from error
    # It reports the pooler and the heads that an encoder lacks.
    set_verbosity_error()  # type: ignore[no-untyped-call]
    disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        theirs = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"transformers cannot load `{folder}` ({error}).") from error
    worst = 0.0
    for tokens in _batches(encoder):
        with torch.inference_mode():
            hidden, layout = ours.embed(tokens)
            for layer in ours.layers:
                hidden = layer(hidden, layout)
            expected = theirs(**_their_inputs(encoder, tokens)).last_hidden_state
        difference = float((hidden - expected)[layout.mask].abs().max())
        worst = max(worst, difference if math.isfinite(difference) else math.inf)
    return worst


def differing_text(folder: Path, encoder: PretrainedEncoder) -> str | None:
    """Find a text that transformers' tokenizer cuts into other ids than ours.

    Args:
        folder: of the Hugging Face model.
        encoder: the same in our form, with a tokenizer.

    Returns:
        The text, the first one of a pair; None if there is none.

    Raises:
        ImportError: if transformers lacks what this tokenizer needs.
        InputError: if transformers cannot load the tokenizer.
    """
    from transformers import AutoTokenizer

    # Without it transformers takes the model for another kind of file and names another library.
    reads_model = any(folder.glob("*.model")) and not (folder / "tokenizer.json").is_file()
    if reads_model and not _is_installed("google.protobuf"):
        raise ImportError("transformers needs `pip install protobuf` to read a sentencepiece model")
    try:
        theirs = AutoTokenizer.from_pretrained(folder)
    except ImportError:
        raise
    except Exception as error:  # tokenizers raises no class of its own
        problem = " ".join(str(error).split())
        raise InputError(
            f"transformers cannot load the tokenizer of `{folder}` ({problem})."
        ) from error
    for (first, second), tokens in zip(_TEXTS, _inputs(encoder), strict=True):
        limit = {"truncation": True, "max_length": encoder.config.shape.max_positions}
        if (
            theirs(first, second, **limit)["input_ids"]
            != _their_ids(encoder, torch.tensor(tokens)).tolist()
        ):
            return first
    return None


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:  # of the package that it lies in
        return False


def _inputs(encoder: PretrainedEncoder) -> list[list[int]]:
    """Finished inputs in the dictionary's ids."""
    tokenizer = encoder.tokenizer
    assert tokenizer is not None
    inputs = []
    for first, second in _TEXTS:
        ids = tokenizer.encode_batch([first] if second is None else [first, second])
        layout = tokenizer.layout(second is not None)
        pair = ids[1] if second is not None else None
        limit = encoder.config.shape.max_positions
        inputs.append(build_input(ids[0], pair, layout=layout, max_tokens=limit))
    return inputs


def _batches(encoder: PretrainedEncoder) -> list[Tensor]:
    inputs, pad_id = _inputs(encoder), encoder.config.shape.pad_id
    groups = (inputs[: len(_SENTENCES)], inputs[len(_SENTENCES) :])
    return [pad_batch(group, pad_id) for group in groups]


def _their_ids(encoder: PretrainedEncoder, tokens: Tensor) -> Tensor:
    tokenizer = encoder.tokenizer
    assert tokenizer is not None
    if DICTIONARY_NAME in tokenizer.files:
        return tokens
    own_id = torch.empty(tokenizer.vocab_size, dtype=torch.int64)
    own_id[torch.tensor(token_ids(tokenizer))] = torch.arange(tokenizer.vocab_size)
    return own_id[tokens]


def _their_inputs(encoder: PretrainedEncoder, tokens: Tensor) -> dict[str, Any]:
    inputs = {
        "input_ids": _their_ids(encoder, tokens),
        "attention_mask": tokens.ne(encoder.config.shape.pad_id).long(),
    }
    segment_ids = encoder.config.description.segment_ids
    if segment_ids is not None:
        inputs["token_type_ids"] = segment_ids(tokens)
    return inputs
