"""A converted encoder computes what transformers computes, layer by layer."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close
from transformers import AutoModel

from pf_fairseq.checkpoints.equality import differing_text, largest_difference
from pf_fairseq.checkpoints.hugging_face.reading import read_hugging_face
from pf_fairseq.checkpoints.pretrained import PretrainedEncoder
from pf_fairseq.errors import InputError
from tests.checkpoints.hugging_face_folders import BACKBONES, BASE, LARGE, write_folder
from tests.tolerances import CONVERTED

PAD, EOS = 1, 2


def _single(vocab_size: int) -> Tensor:
    tokens = torch.randint(4, vocab_size - 1, (3, 17))
    tokens[:, 0], tokens[:, -1] = 0, EOS
    return tokens


def _pairs(vocab_size: int, separator: bool) -> Tensor:
    tokens = _single(vocab_size)
    for row, end in enumerate((4, 9, 12)):
        tokens[row, end] = EOS
        if separator:
            tokens[row, end + 1] = EOS
    return tokens


def _padded(tokens: Tensor) -> Tensor:
    tokens = tokens.clone()
    tokens[1, 13:], tokens[1, 12] = PAD, EOS
    tokens[2, 16:], tokens[2, 15] = PAD, EOS
    return tokens


def _own_ids(encoder: PretrainedEncoder, tokens: Tensor) -> Tensor:
    """Hugging Face's ids, by a search through the map."""
    assert encoder.tokenizer is not None
    to_dictionary = encoder.tokenizer.token_id_map
    if to_dictionary is None:
        return tokens
    return torch.tensor([[to_dictionary.index(int(token)) for token in row] for row in tokens])


def _segments(tokens: Tensor) -> Tensor:
    """0 up to the first separator, 1 after it, by a loop."""
    segments = torch.zeros_like(tokens)
    for row, sentence in enumerate(tokens.tolist()):
        for place in range(sentence.index(EOS) + 1, len(sentence)):
            segments[row, place] = int(sentence[place] != PAD)
    return segments


def assert_same_states(encoder: PretrainedEncoder, model: nn.Module, tokens: Tensor) -> None:
    ours = encoder.build()
    is_token = tokens.ne(PAD)
    inputs: dict[str, Any] = {"input_ids": _own_ids(encoder, tokens)}
    inputs["attention_mask"] = is_token.long()
    if encoder.config.backbone in ("bert", "albert"):
        inputs["token_type_ids"] = _segments(tokens)
    with torch.inference_mode():
        expected = model(**inputs, output_hidden_states=True).hidden_states
        hidden, layout = ours.embed(tokens)
        states = [hidden]
        for layer in ours.layers:
            hidden = layer(hidden, layout)
            states.append(hidden)
    assert len(states) == len(expected)
    for own, theirs in zip(states, expected, strict=True):
        assert_close(own[is_token], theirs[is_token], **CONVERTED)


def _inputs(encoder: PretrainedEncoder) -> Iterator[Tensor]:
    torch.manual_seed(2)
    vocab_size = encoder.config.shape.vocab_size
    single = _single(vocab_size)
    pairs = _pairs(vocab_size, separator=encoder.config.backbone in ("roberta", "mpnet"))
    yield from (single, _padded(single), pairs, _padded(pairs))


@pytest.mark.parametrize("hidden_act", ["gelu", "gelu_new", "relu"])
@pytest.mark.parametrize("backbone", BACKBONES)
def test_random_model(backbone: str, hidden_act: str, tmp_path: Path) -> None:
    write_folder(backbone, tmp_path, hidden_act=hidden_act, initializer_range=0.2)
    encoder = read_hugging_face(tmp_path)
    model = AutoModel.from_pretrained(tmp_path).eval()
    for tokens in _inputs(encoder):
        assert_same_states(encoder, model, tokens)


@pytest.mark.parametrize("sizes", [BASE, LARGE], ids=["base", "large"])
@pytest.mark.parametrize("backbone", BACKBONES)
def test_shape(backbone: str, sizes: dict[str, int], tmp_path: Path) -> None:
    extra = {"embedding_size": 128} if backbone == "albert" else {}
    write_folder(backbone, tmp_path, **sizes, **extra)
    encoder = read_hugging_face(tmp_path)
    model = AutoModel.from_pretrained(tmp_path).eval()
    assert_same_states(encoder, model, list(_inputs(encoder))[-1])
    shutil.rmtree(tmp_path)  # a gigabyte


def test_segments_of_a_roberta_are_part_of_its_positions(tmp_path: Path) -> None:
    model = write_folder("roberta", tmp_path, type_vocab_size=2)
    with torch.no_grad():
        model.roberta.embeddings.token_type_embeddings.weight.normal_()
    model.save_pretrained(tmp_path)
    encoder = read_hugging_face(tmp_path)
    for tokens in _inputs(encoder):
        assert_same_states(encoder, model.roberta, tokens)


def test_real_minilm(pretrained_dir: Path) -> None:
    encoder = read_hugging_face(pretrained_dir)
    model = AutoModel.from_pretrained(pretrained_dir).eval()
    for tokens in _inputs(encoder):
        assert_same_states(encoder, model, tokens)


def test_real_mpnet(mpnet_dir: Path) -> None:
    encoder = read_hugging_face(mpnet_dir)
    model = AutoModel.from_pretrained(mpnet_dir).eval()
    for tokens in _inputs(encoder):
        assert_same_states(encoder, model, tokens)


# What `--check` is made of: it must be able to fail.


@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_changed_weight_is_found(backbone: str, tmp_path: Path) -> None:
    write_folder(backbone, tmp_path)
    encoder = read_hugging_face(tmp_path)
    ours = encoder.build()
    assert largest_difference(tmp_path, encoder, ours) < 1e-5
    with torch.no_grad():
        next(iter(ours.layers)).fc1.bias.add_(0.01)
    assert 1e-4 < largest_difference(tmp_path, encoder, ours) < 1.0
    with torch.no_grad():
        next(iter(ours.layers)).fc1.bias[0] = torch.nan
    assert largest_difference(tmp_path, encoder, ours) == torch.inf


@pytest.mark.parametrize("backbone", ["roberta", "bert"])
def test_a_changed_tokenizer_is_found(backbone: str, tmp_path: Path) -> None:
    write_folder(backbone, tmp_path)
    encoder = read_hugging_face(tmp_path)
    assert differing_text(tmp_path, encoder) is None
    option = {"bert": "do_lower_case", "roberta": "add_prefix_space"}[backbone]
    changed = {option: backbone == "roberta"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(changed))
    assert differing_text(tmp_path, encoder) == "A fine film, and not a minute too long."
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(InputError, match="transformers cannot load the tokenizer of"):
        differing_text(tmp_path, encoder)
