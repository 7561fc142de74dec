"""Key maps: every tensor is accounted for, in both directions."""

import pytest
import torch
from torch import Tensor

from pf_fairseq.checkpoints.hugging_face.key_maps import KEY_MAPS
from pf_fairseq.errors import InputError

N_LAYERS = 2


def _theirs(backbone: str) -> dict[str, Tensor]:
    names = dict.fromkeys(name for name, _ in KEY_MAPS[backbone].pairs(N_LAYERS))
    return {name: torch.tensor(float(number)) for number, name in enumerate(names)}


@pytest.mark.parametrize("prefixed", [False, True])
@pytest.mark.parametrize("backbone", KEY_MAPS)
def test_there_and_back(backbone: str, prefixed: bool) -> None:
    key_map, theirs = KEY_MAPS[backbone], _theirs(backbone)
    given = {f"{backbone}.{name}": t for name, t in theirs.items()} if prefixed else theirs
    ours = key_map.to_ours(given, N_LAYERS)
    assert len(ours) == len(key_map.pairs(N_LAYERS))
    assert key_map.to_theirs(ours, N_LAYERS) == theirs


def test_a_shared_layer_stands_for_every_depth() -> None:
    ours = KEY_MAPS["albert"].to_ours(_theirs("albert"), N_LAYERS)
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


@pytest.mark.parametrize(
    ("backbone", "name"),
    [
        ("bert", "bert.pooler.dense.weight"),
        ("bert", "bert.embeddings.position_ids"),
        ("bert", "cls.predictions.decoder.bias"),
        ("bert", "classifier.weight"),
        ("roberta", "lm_head.layer_norm.weight"),
        ("roberta", "classifier.out_proj.bias"),
        ("albert", "predictions.decoder.weight"),
        ("albert", "sop_classifier.classifier.bias"),
        ("albert", "albert.pooler.weight"),
    ],
)
def test_heads_are_left_out(backbone: str, name: str) -> None:
    key_map, theirs = KEY_MAPS[backbone], _theirs(backbone)
    found = key_map.to_ours({**theirs, name: torch.zeros(())}, N_LAYERS)
    assert found == key_map.to_ours(theirs, N_LAYERS)


@pytest.mark.parametrize(
    ("backbone", "name"),
    [
        ("bert", "encoder.layer.2.output.dense.weight"),  # a layer more than the config says
        ("bert", "encoder.layer.0.attention.self.distance_embedding.weight"),
        ("roberta", "cls.predictions.bias"),
        ("albert", "encoder.albert_layer_groups.1.albert_layers.0.ffn.weight"),
    ],
)
def test_an_unknown_tensor_is_named(backbone: str, name: str) -> None:
    theirs = {**_theirs(backbone), name: torch.zeros(())}
    with pytest.raises(InputError, match="`" + name.replace(".", r"\.") + "` is not a part of"):
        KEY_MAPS[backbone].to_ours(theirs, N_LAYERS)


def test_every_missing_tensor_is_named() -> None:
    theirs = _theirs("bert")
    gone = ["embeddings.LayerNorm.bias", "encoder.layer.1.output.dense.bias"]
    for name in gone:
        del theirs[name]
    with pytest.raises(InputError) as raised:
        KEY_MAPS["bert"].to_ours(theirs, N_LAYERS)
    assert all(f"`{name}` is missing" in str(raised.value) for name in gone)
