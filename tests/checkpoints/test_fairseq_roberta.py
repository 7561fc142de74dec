"""Names of fairseq's RoBERTa, old and new, in ours."""

import torch
from torch import Tensor

from pf_fairseq.checkpoints.fairseq_roberta import rename_from_fairseq

OURS = "encoder.sentence_encoder."


def one(name: str, tensor: Tensor | None = None, n_layers: int = 2) -> dict[str, Tensor]:
    return rename_from_fairseq({name: torch.ones(1) if tensor is None else tensor}, n_layers)


def test_our_own_names_pass_through() -> None:
    names = [
        OURS + "embed_tokens.weight",
        OURS + "layers.0.self_attn.q_proj.bias",
        OURS + "layers.1.fc1.weight",
        "classification_heads.sentence_classification_head.readout.dense.weight",
        "classification_heads.sentence_classification_head.gate.bias",
    ]
    state = {name: torch.randn(2) for name in names}
    assert rename_from_fairseq(state, 2) == state


def test_old_names_are_translated() -> None:
    assert list(one("decoder.sentence_encoder.embed_tokens.weight")) == [
        OURS + "embed_tokens.weight"
    ]
    assert list(one("decoder.sentence_encoder.emb_layer_norm.bias")) == [
        OURS + "layernorm_embedding.bias"
    ]


def test_a_fused_projection_is_split_in_query_key_value() -> None:
    weight, bias = torch.randn(12, 4), torch.randn(12)
    old = "decoder.sentence_encoder.layers.1.self_attn.in_proj_"
    found = {**one(old + "weight", weight), **one(old + "bias", bias)}
    attention = OURS + "layers.1.self_attn."
    assert set(found) == {
        f"{attention}{part}_proj.{kind}" for part in "qkv" for kind in ("weight", "bias")
    }
    for index, part in enumerate("qkv"):
        rows = slice(4 * index, 4 * index + 4)
        assert torch.equal(found[f"{attention}{part}_proj.weight"], weight[rows])
        assert torch.equal(found[f"{attention}{part}_proj.bias"], bias[rows])


def test_what_a_model_with_exits_lacks_is_dropped() -> None:
    for name in [
        "encoder.lm_head.weight",
        "decoder.lm_head.dense.bias",
        "encoder.sentence_encoder.version",
        "classification_heads.mnli.dense.weight",
        "classification_heads.mnli.out_proj.bias",
    ]:
        assert one(name) == {}, name


def test_surplus_layers_are_dropped() -> None:
    assert one(OURS + "layers.2.fc1.weight") == {}
    assert one(OURS + "layers.12.self_attn.in_proj_weight", torch.ones(3, 1)) == {}
    assert list(one(OURS + "layers.10.fc1.weight", n_layers=11)) == [OURS + "layers.10.fc1.weight"]


def test_the_checkpoint_is_left_as_it_was() -> None:
    state = {"decoder.sentence_encoder.embed_tokens.weight": torch.ones(1)}
    rename_from_fairseq(state, 1)
    assert list(state) == ["decoder.sentence_encoder.embed_tokens.weight"]
