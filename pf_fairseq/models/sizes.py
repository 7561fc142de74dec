"""Sizes that several backbones share."""

from typing import Any


def use_large(args: Any) -> None:
    """Make 24 layers x 1024 the default of a model's flags."""
    args.encoder_layers = getattr(args, "encoder_layers", 24)
    args.encoder_embed_dim = getattr(args, "encoder_embed_dim", 1024)
    args.encoder_ffn_embed_dim = getattr(args, "encoder_ffn_embed_dim", 4096)
    args.encoder_attention_heads = getattr(args, "encoder_attention_heads", 16)
