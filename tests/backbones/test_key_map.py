"""Key maps: every tensor is accounted for, in both directions."""

import re

import pytest
import torch
from torch import Tensor

from pf_fairseq.backbones.catalogue import BACKBONES
from pf_fairseq.errors import InputError

N_LAYERS = 2
KEY_MAPS = {name: each.hugging_face.key_map for name, each in BACKBONES.items()}


def _theirs(backbone: str) -> dict[str, Tensor]:
    names = dict.fromkeys(name for name, _ in KEY_MAPS[backbone].pairs(N_LAYERS))
    return {name: torch.tensor(float(number)) for number, name in enumerate(names)}


@pytest.mark.parametrize("prefix", ["", "{}.", "module.", "model.{}.", "0.auto_model."])
@pytest.mark.parametrize("backbone", KEY_MAPS)
def test_there_and_back(backbone: str, prefix: str) -> None:
    key_map, theirs = KEY_MAPS[backbone], _theirs(backbone)
    given = {prefix.format(backbone) + name: tensor for name, tensor in theirs.items()}
    ours, left_out = key_map.to_ours(given, N_LAYERS)
    assert left_out == []
    assert len(ours) == len(key_map.pairs(N_LAYERS))
    assert key_map.to_theirs(ours, N_LAYERS) == theirs


def test_a_shared_layer_stands_for_every_depth() -> None:
    ours, _ = KEY_MAPS["albert"].to_ours(_theirs("albert"), N_LAYERS)
    assert ours["layers.0.fc1.weight"] is ours["layers.1.fc1.weight"]


def test_old_names_of_layer_norms() -> None:
    theirs = _theirs("bert")
    old = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): tensor
        for name, tensor in theirs.items()
    }
    assert old.keys() != theirs.keys()
    key_map = KEY_MAPS["bert"]
    assert key_map.to_ours(old, N_LAYERS) == key_map.to_ours(theirs, N_LAYERS)


@pytest.mark.parametrize("prefix", ["", "bert.", "module.bert."])
@pytest.mark.parametrize(
    "name",
    [
        "{}pooler.dense.weight",
        "classifier.weight",
        "classifier.out_proj.bias",
        "cls.predictions.decoder.bias",
        "lm_head.layer_norm.weight",
        "sop_classifier.classifier.bias",
        "{}classifiers.3.weight",  # PABEE
        "{}encoder.highway.0.pooler.dense.weight",  # DeeBERT
        "{}encoder.highway.0.classifier.bias",
        "{}encoder.layer_classifiers.0.weight",
        "{}encoder.internal_classifiers.0.bias",
        "{}encoder.early_exits.0.weight",
        "{}encoder.off_ramps.0.w",
        "{}encoder.ramp.0.bias",
        "{}encoder.layer.0.exit_head.weight",
        "{}encoder.layer.0.exit_head.attention.query.weight",
        "out.weight",
        "linear.bias",
    ],
)
@pytest.mark.parametrize("backbone", KEY_MAPS)
def test_heads_of_any_name_are_left_out(backbone: str, name: str, prefix: str) -> None:
    key_map = KEY_MAPS[backbone]
    theirs = {prefix + key: tensor for key, tensor in _theirs(backbone).items()}
    head = name.format(prefix)
    found, left_out = key_map.to_ours({**theirs, head: torch.zeros(())}, N_LAYERS)
    assert left_out == [head]
    assert found == key_map.to_ours(theirs, N_LAYERS)[0]


@pytest.mark.parametrize("backbone", KEY_MAPS)
def test_no_weight_of_an_encoder_is_taken_for_a_head(backbone: str) -> None:
    """As layers more than the config says, every weight inside a layer is refused by name."""
    key_map, theirs = KEY_MAPS[backbone], _theirs(backbone)
    deeper = {"albert": "encoder.albert_layer_groups.1.albert_layers.0."}
    layer = deeper.get(backbone, key_map.layer.format(N_LAYERS))
    everywhere = {name for each in KEY_MAPS.values() for name, _ in each.pairs(N_LAYERS)}
    more = [layer + name for name in key_map.inside] + sorted(everywhere - theirs.keys())
    assert len(more) >= len(key_map.inside) >= 16
    for name in more:
        with pytest.raises(InputError, match=f"`{re.escape(name)}` is not a part of"):
            key_map.to_ours({**theirs, name: torch.zeros(())}, N_LAYERS)


@pytest.mark.parametrize("name", ["embeddings.position_ids", "bert.embeddings.token_type_ids"])
def test_buffers_are_not_worth_a_word(name: str) -> None:
    prefix = "bert." if name.startswith("bert.") else ""
    theirs = {prefix + key: tensor for key, tensor in _theirs("bert").items()}
    assert KEY_MAPS["bert"].to_ours({**theirs, name: torch.zeros(())}, N_LAYERS)[1] == []


@pytest.mark.parametrize(
    ("backbone", "name"),
    [
        ("bert", "encoder.layer.2.output.dense.weight"),  # a layer more than the config says
        ("bert", "encoder.layer.0.attention.self.distance_embedding.weight"),
        ("bert", "encoder.relative_attention_bias.weight"),
        ("bert", "encoder.layer.0.multi_head_attention.query.weight"),
        ("bert", "encoder.layer.0.attention.self.head_scale"),
        ("bert", "encoder.layer.0.crossAttention.talking_heads.weight"),
        ("roberta", "embeddings.word_embeddings_2.weight"),
        ("albert", "encoder.albert_layer_groups.1.albert_layers.0.ffn.weight"),
    ],
)
def test_an_unknown_tensor_is_named(backbone: str, name: str) -> None:
    theirs = {**_theirs(backbone), name: torch.zeros(())}
    with pytest.raises(InputError, match="`" + name.replace(".", r"\.") + "` is not a part of"):
        KEY_MAPS[backbone].to_ours(theirs, N_LAYERS)


def test_the_remedy_for_tensors_too_many_is_not_that_for_a_lack() -> None:
    theirs, more = _theirs("bert"), {"encoder.layer.0.side_net.weight": torch.zeros(())}
    with pytest.raises(InputError) as raised:
        KEY_MAPS["bert"].to_ours({**theirs, **more}, N_LAYERS)
    heading, *problems = str(raised.value).split("\n")
    assert "If these are exits or heads of another method, delete them from the file" in heading
    assert problems == ["  `encoder.layer.0.side_net.weight` is not a part of this architecture"]
    del theirs["encoder.layer.1.output.dense.bias"]
    with pytest.raises(InputError) as raised:
        KEY_MAPS["bert"].to_ours({**theirs, **more}, N_LAYERS)
    heading, *problems = str(raised.value).split("\n")
    assert heading == "The weights do not fit their config.json; take both from one model."
    assert len(problems) == 2


def test_two_encoders_are_refused() -> None:
    theirs = _theirs("bert")
    both = {f"{side}.{name}": tensor for name, tensor in theirs.items() for side in ("a", "b")}
    with pytest.raises(InputError, match="must hold one encoder, but hold 2 .`a.`, `b.`."):
        KEY_MAPS["bert"].to_ours(both, N_LAYERS)


def test_every_missing_tensor_is_named() -> None:
    theirs = _theirs("bert")
    gone = ["embeddings.LayerNorm.bias", "encoder.layer.1.output.dense.bias"]
    for name in gone:
        del theirs[name]
    with pytest.raises(InputError) as raised:
        KEY_MAPS["bert"].to_ours(theirs, N_LAYERS)
    assert all(f"`{name}` is missing" in str(raised.value) for name in gone)
