"""Hugging Face folders with random weights and small vocabularies, written by transformers."""

from pathlib import Path
from typing import Any

import torch
from transformers import (
    AlbertConfig,
    AlbertForMaskedLM,
    BertConfig,
    BertForPreTraining,
    MPNetConfig,
    MPNetForMaskedLM,
    PreTrainedModel,
    RobertaConfig,
    RobertaForMaskedLM,
)

from pf_fairseq.backbones.catalogue import BACKBONES as CATALOGUE
from pf_fairseq.text.tokenizer import load_tokenizer
from tests.text import small_bpe, small_word_piece
from tests.text.small_sentence_piece import albert_files

BACKBONES = list(CATALOGUE)
TINY = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 66,
    "layer_norm_eps": 1e-6,
}
BASE = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12}
BASE |= {"intermediate_size": 3072, "max_position_embeddings": 514}
LARGE = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16}
LARGE |= {"intermediate_size": 4096, "max_position_embeddings": 514}

# With the heads of pretraining, whose decoder is tied to the embedding.
_MODELS: dict[str, tuple[type, type]] = {
    "roberta": (RobertaConfig, RobertaForMaskedLM),
    "bert": (BertConfig, BertForPreTraining),
    "albert": (AlbertConfig, AlbertForMaskedLM),
    "mpnet": (MPNetConfig, MPNetForMaskedLM),
}


def tokenizer_files(backbone: str) -> dict[str, bytes]:
    """Files of a small tokenizer as Hugging Face names them."""
    return {
        "roberta": small_bpe.hugging_face_files,
        "bert": small_word_piece.bert_files,
        "albert": albert_files,
        "mpnet": small_word_piece.mpnet_files,
    }[backbone]()


def random_model(backbone: str, folder: Path, **sizes: Any) -> PreTrainedModel:
    """A model whose vocabulary is that of the tokenizer's files in `folder`."""
    tokenizer = load_tokenizer(CATALOGUE[backbone].tokenizer, folder)
    config_class, model_class = _MODELS[backbone]
    options = {"vocab_size": tokenizer.vocab_size, **TINY, **sizes}
    if backbone == "albert":
        options.setdefault("embedding_size", 16)
    if backbone == "roberta":
        options.setdefault("type_vocab_size", 1)
    torch.manual_seed(0)
    model: PreTrainedModel = model_class(config_class(**options)).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():  # as transformers leaves them, biases and norms would tell nothing apart
        for name, parameter in model.named_parameters():
            if name.endswith("bias") or "LayerNorm" in name or "layer_norm" in name:
                parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.1)
    return model


def write_folder(backbone: str, folder: Path, **sizes: Any) -> PreTrainedModel:
    """Write tokenizer files, config.json and model.safetensors; gives the model."""
    small_bpe.write_files(folder, tokenizer_files(backbone))
    model = random_model(backbone, folder, **sizes)
    model.save_pretrained(folder)
    return model
