"""Hugging Face's names of tensors that BERT's relatives share."""

from pf_fairseq.backbones.key_map import linear

BERT_LAYER_KEYS = linear(
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
SEGMENTS = "embed_segments.weight"


def embedding_keys(ours: str, *, segments: bool = True) -> dict[str, str]:
    """Names of the embeddings, theirs and ours.

    Args:
        ours: what our names begin with.
        segments: whether there are segment embeddings.
    """
    keys = {
        "embeddings.word_embeddings.weight": f"{ours}embed_tokens.weight",
        "embeddings.position_embeddings.weight": f"{ours}embed_positions.weight",
        **linear({"embeddings.LayerNorm": f"{ours}layernorm_embedding"}),
    }
    if segments:
        keys["embeddings.token_type_embeddings.weight"] = f"{ours}{SEGMENTS}"
    return keys
