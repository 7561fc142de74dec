"""Whether a Hugging Face model and an encoder of ours compute the same."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pf_fairseq.checkpoints.pretrained import PretrainedEncoder, token_ids
from pf_fairseq.encoders.backbone import Backbone
from pf_fairseq.encoders.bert import segment_ids
from pf_fairseq.errors import InputError
from pf_fairseq.text.dictionary import DICTIONARY_NAME, EOS_ID
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


def largest_difference(folder: Path, encoder: PretrainedEncoder, ours: Backbone) -> float:
    """Compare last hidden states, single sentences and pairs, padded.

    Args:
        folder: of the Hugging Face model.
        encoder: the same in our form, with a tokenizer.
        ours: what `encoder` builds.

    Returns:
        The largest absolute difference over all tokens.

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
        is_token = tokens.ne(ours.pad_id)
        with torch.inference_mode():
            hidden = ours.embed(tokens)
            for layer in ours.layers:
                hidden = layer(hidden, is_token)
            expected = theirs(**_their_inputs(encoder, tokens)).last_hidden_state
        worst = max(worst, float((hidden - expected)[is_token].abs().max()))
    return worst


def _batches(encoder: PretrainedEncoder) -> list[Tensor]:
    tokenizer, shape = encoder.tokenizer, encoder.config.shape
    assert tokenizer is not None
    single = tokenizer.encode_batch(_SENTENCES)
    firsts, seconds = (tokenizer.encode_batch(texts) for texts in zip(*_PAIRS, strict=True))
    batches = []
    for first, second in ((single, [None] * len(single)), (firsts, seconds)):
        layout = tokenizer.layout(second[0] is not None)
        inputs = [
            build_input(a, b, layout=layout, max_tokens=shape.max_positions)
            for a, b in zip(first, second, strict=True)
        ]
        batches.append(pad_batch(inputs, shape.pad_id))
    return batches


def _their_inputs(encoder: PretrainedEncoder, tokens: Tensor) -> dict[str, Any]:
    tokenizer = encoder.tokenizer
    assert tokenizer is not None
    theirs = tokens
    if DICTIONARY_NAME not in tokenizer.files:
        own_id = torch.empty(tokenizer.vocab_size, dtype=torch.int64)
        own_id[torch.tensor(token_ids(tokenizer))] = torch.arange(tokenizer.vocab_size)
        theirs = own_id[tokens]
    inputs = {"input_ids": theirs, "attention_mask": tokens.ne(encoder.config.shape.pad_id).long()}
    if encoder.config.backbone != "roberta":
        inputs["token_type_ids"] = segment_ids(tokens, EOS_ID)
    return inputs
