"""What Hugging Face calls the tensors of each backbone."""

from pf_fairseq.checkpoints.hugging_face.key_map import KeyMap, linear

_BERT_LAYER = linear(
    {
        "attention.self.query": "self_attn.q_proj",
        "attention.self.key": "self_attn.k_proj",
        "attention.self.value": "self_attn.v_proj",
        "attention.output.dense": "self_attn.out_proj",
        "attention.output.LayerNorm": "self_attn_layer_norm",
        "intermediate.dense": "fc1",
        "output.dense": "fc2",
        "output.LayerNorm": "final_layer_norm",
    }
)
_ALBERT_LAYER = linear(
    {
        "attention.query": "self_attn.q_proj",
        "attention.key": "self_attn.k_proj",
        "attention.value": "self_attn.v_proj",
        "attention.dense": "self_attn.out_proj",
        "attention.LayerNorm": "self_attn_layer_norm",
        "ffn": "fc1",
        "ffn_output": "fc2",
        "full_layer_layer_norm": "final_layer_norm",
    }
)
# RoBERTa has no segments, but a row of them that is added to every token.
SEGMENTS = "embed_segments.weight"


def _embeddings(ours: str) -> dict[str, str]:
    return {
        "embeddings.word_embeddings.weight": f"{ours}embed_tokens.weight",
        "embeddings.position_embeddings.weight": f"{ours}embed_positions.weight",
        "embeddings.token_type_embeddings.weight": f"{ours}{SEGMENTS}",
        **linear({"embeddings.LayerNorm": f"{ours}layernorm_embedding"}),
    }


# Buffers, poolers, and heads of pretraining and of stock fine-tuning.
_HEADS = r"embeddings\.(position_ids|token_type_ids)|pooler\..*|classifier\..*|qa_outputs\..*"

KEY_MAPS = {
    "bert": KeyMap(
        prefix="bert.",
        outside=_embeddings("embeddings."),
        layer="encoder.layer.{}.",
        inside=_BERT_LAYER,
        ignored=rf"{_HEADS}|cls\..*",
    ),
    "roberta": KeyMap(
        prefix="roberta.",
        outside=_embeddings(""),
        layer="encoder.layer.{}.",
        inside=_BERT_LAYER,
        ignored=rf"{_HEADS}|lm_head\..*",
    ),
    "albert": KeyMap(
        prefix="albert.",
        outside={
            **_embeddings("embeddings."),
            **linear({"encoder.embedding_hidden_mapping_in": "embed_projection"}),
        },
        layer="encoder.albert_layer_groups.0.albert_layers.0.",
        inside=_ALBERT_LAYER,
        ignored=rf"{_HEADS}|predictions\..*|sop_classifier\..*|albert_projection\..*",
    ),
}
