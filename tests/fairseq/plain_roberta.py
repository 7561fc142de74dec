"""fairseq's own RoBERTa with random weights, and its checkpoint in the official old layout."""

from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from fairseq.data import Dictionary
from fairseq.models.roberta import RobertaModel, base_architecture
from torch import Tensor

PREFIX = "encoder.sentence_encoder."


def arguments(*, n_layers: int, width: int, ffn_width: int, n_heads: int) -> Namespace:
    """Flags as a `roberta.base` of 2019 keeps them."""
    args = Namespace(
        arch="roberta_base",
        task="masked_lm",
        criterion="masked_lm",
        encoder_layers=n_layers,
        encoder_embed_dim=width,
        encoder_ffn_embed_dim=ffn_width,
        encoder_attention_heads=n_heads,
        max_positions=512,
        tokens_per_sample=512,
        lr=[0.0006],
        data="/private/home/someone/data-bin",
    )
    base_architecture(args)
    return args


def build(args: Namespace, dictionary: Dictionary, seed: int = 0) -> RobertaModel:
    """fairseq's model in evaluation mode; biases and layer norms are random too."""
    task = SimpleNamespace(source_dictionary=dictionary, max_positions=lambda: 512)
    model = RobertaModel.build_model(args, task)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.normal_(std=0.05, generator=generator)
            if name.endswith("layer_norm.weight") or "layernorm" in name and "weight" in name:
                parameter.add_(1.0)
        for embedding in ("embed_tokens", "embed_positions"):
            getattr(model.encoder.sentence_encoder, embedding).weight[dictionary.pad()].zero_()
    return model.eval()


def hidden_states(model: RobertaModel, tokens: Tensor) -> list[Tensor]:
    """`(B, T, H)` after the embeddings and after each layer, as fairseq computes them."""
    with torch.no_grad():
        _, extra = model.extract_features(tokens, return_all_hiddens=True)
    return [state.transpose(0, 1) for state in extra["inner_states"]]


def official_names(state_dict: dict[str, Tensor]) -> dict[str, Tensor]:
    """The names of the released archives: `decoder.`, `emb_layer_norm`, fused projections."""
    old = {}
    for name, tensor in state_dict.items():
        if ".q_proj." in name:
            parts = [state_dict[name.replace(".q_proj.", f".{part}_proj.")] for part in "qkv"]
            fused = name.replace(".q_proj.", ".in_proj_")
            old[_old(fused)] = torch.cat(parts)
        elif ".k_proj." not in name and ".v_proj." not in name:
            old[_old(name)] = tensor.clone()
    return old


def _old(name: str) -> str:
    name = name.replace(".layernorm_embedding.", ".emb_layer_norm.")
    return "decoder." + name.removeprefix("encoder.") if name.startswith("encoder.") else name


def write_official(path: Path, args: Namespace, weights: dict[str, Tensor]) -> None:
    """Write what a pretraining run of that age wrote, flags in a Namespace."""
    history = {
        "criterion_name": "MaskedLmLoss",
        "optimizer_name": "MemoryEfficientFP16Optimizer",
        "lr_scheduler_state": {"best": 2.0},
        "num_updates": 500000,
    }
    extra_state: dict[str, Any] = {
        "train_iterator": {"epoch": 40, "iterations_in_epoch": 12},
        "val_loss": 2.0,
        "best": 2.0,
        "train_meters": {},
    }
    state = {
        "args": args,
        "model": weights,
        "optimizer_history": [history],
        "extra_state": extra_state,
        "last_optimizer_state": {"state": {}, "param_groups": [], "loss_scale": 4.0},
    }
    torch.save(state, path)
