"""`config.json`: what is read, what comes back, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import AlbertConfig, BertConfig, MPNetConfig, RobertaConfig

from pf_fairseq.checkpoints.hugging_face.config import config_json, read_config
from pf_fairseq.errors import InputError

CLASSES = {
    "roberta": RobertaConfig,
    "bert": BertConfig,
    "albert": AlbertConfig,
    "mpnet": MPNetConfig,
}


def _write(folder: Path, backbone: str, **changed: Any) -> Path:
    content = {**CLASSES[backbone](vocab_size=100).to_dict(), **changed}
    (folder / "config.json").write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize("backbone", CLASSES)
def test_there_and_back(backbone: str, tmp_path: Path) -> None:
    options = {"max_position_embeddings": 66, "layer_norm_eps": 1e-7, "hidden_act": "gelu_new"}
    config = read_config(_write(tmp_path, backbone, **options))
    special = {"pad": 1, "bos": 0, "eos": 2}
    written = json.loads(config_json(config, special))
    theirs = CLASSES[backbone](**written)
    assert theirs.model_type == backbone
    assert (theirs.pad_token_id, theirs.bos_token_id, theirs.eos_token_id) == (1, 0, 2)
    for name in ("max_position_embeddings", "layer_norm_eps", "hidden_act"):
        assert getattr(theirs, name) == options[name]
    (tmp_path / "config.json").write_text(json.dumps(written))
    assert read_config(tmp_path) == config


def test_only_albert_has_a_width_of_embeddings(tmp_path: Path) -> None:
    config = read_config(_write(tmp_path, "bert", embedding_size=768))
    assert config.own_sizes == {}
    assert not any("embedding-dim" in flag for flag in config.command_line())


def test_positions_of_roberta_are_counted_from_two(tmp_path: Path) -> None:
    config = read_config(_write(tmp_path, "roberta", max_position_embeddings=514))
    assert config.shape.max_positions == 512
    config = read_config(_write(tmp_path, "bert", max_position_embeddings=512))
    assert config.shape.max_positions == 512


@pytest.mark.parametrize(
    ("backbone", "changed", "named"),
    [
        ("bert", {"model_type": "distilbert"}, "`model_type` must be one of roberta, bert, albert"),
        ("bert", {"hidden_act": "silu"}, "`hidden_act` must be one of gelu, gelu_new"),
        ("bert", {"position_embedding_type": "relative_key"}, "`position_embedding_type` must be"),
        ("bert", {"is_decoder": True}, "`is_decoder` must be False"),
        ("bert", {"type_vocab_size": 3}, "`type_vocab_size` must be 2, but is 3"),
        ("roberta", {"hidden_size": None}, "`hidden_size` must be a positive number, but is None"),
        ("albert", {"num_hidden_groups": 2}, "`num_hidden_groups` must be 1, but is 2"),
        ("albert", {"inner_group_num": 2}, "`inner_group_num` must be 1, but is 2"),
        ("albert", {"embedding_size": 0}, "`embedding_size` must be a positive number"),
        ("bert", {"num_attention_heads": 5}, "`num_attention_heads` must divide 768, but is 5"),
        ("bert", {"layer_norm_eps": None}, "`layer_norm_eps` must be a number above 0"),
        ("bert", {"layer_norm_eps": "abc"}, "`layer_norm_eps` must be a number above 0"),
        ("bert", {"hidden_dropout_prob": 1.5}, "`hidden_dropout_prob` must be a number between"),
        ("albert", {"attention_probs_dropout_prob": None}, "`attention_probs_dropout_prob` must"),
        ("bert", {"hidden_act": ["gelu"]}, "`hidden_act` must be one of"),
        ("bert", {"num_hidden_layers": 1}, "`num_hidden_layers` must be at least 2"),
        ("roberta", {"max_position_embeddings": 2}, "`max_position_embeddings` must be above 2"),
        ("roberta", {"pad_token_id": 0}, "`pad_token_id` must be 1, but is 0"),
    ],
)
def test_refused(backbone: str, changed: dict[str, Any], named: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=named):
        read_config(_write(tmp_path, backbone, **changed))


def test_every_problem_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        read_config(_write(tmp_path, "bert", hidden_act="silu", is_decoder=True))
    assert "hidden_act" in str(raised.value) and "is_decoder" in str(raised.value)


@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_no_config(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(InputError, match=r"config\.json"):
        read_config(tmp_path)


def test_without_a_model_type_the_remedy_is_named(tmp_path: Path) -> None:
    folder = _write(tmp_path, "bert")
    content = json.loads((folder / "config.json").read_text())
    del content["model_type"]
    (folder / "config.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=r'add it: `"model_type": "roberta"`, or whichever of'):
        read_config(folder)


@pytest.mark.parametrize(
    "changed", [{"relative_attention_num_buckets": 64}, {"pad_token_id": 0}], ids=str
)
def test_another_mpnet_is_refused(changed: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"`{next(iter(changed))}` must be"):
        read_config(_write(tmp_path, "mpnet", **changed))
