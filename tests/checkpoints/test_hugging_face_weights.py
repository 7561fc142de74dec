"""Weights in every form that Hugging Face writes, and in forms that are refused."""

import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from pf_fairseq.checkpoints.hugging_face.weights import read_weights
from pf_fairseq.errors import InputError

WEIGHTS = {"a": torch.arange(6.0).view(2, 3), "b": torch.tensor([0.5, -2.0])}


def _write(path: Path, weights: dict[str, Tensor]) -> None:
    if path.suffix == ".safetensors":
        save_file(weights, path)
    else:
        torch.save(weights, path)


def _same(found: dict[str, Tensor]) -> bool:
    return found.keys() == WEIGHTS.keys() and all(
        found[name].dtype == torch.float32 and torch.equal(found[name], tensor)
        for name, tensor in WEIGHTS.items()
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_one_file(name: str, dtype: torch.dtype, tmp_path: Path) -> None:
    _write(tmp_path / name, {key: tensor.to(dtype) for key, tensor in WEIGHTS.items()})
    assert _same(read_weights(tmp_path))


def _write_shards(folder: Path, suffix: str) -> dict[str, str]:
    stem = "model" if suffix == "safetensors" else "pytorch_model"
    placed = {}
    for number, (key, tensor) in enumerate(WEIGHTS.items(), start=1):
        placed[key] = f"{stem}-0000{number}-of-00002.{suffix}"
        _write(folder / placed[key], {key: tensor})
    index = {"metadata": {}, "weight_map": placed}
    (folder / f"{stem}.{suffix}.index.json").write_text(json.dumps(index))
    return placed


@pytest.mark.parametrize("suffix", ["safetensors", "bin"])
def test_shards(suffix: str, tmp_path: Path) -> None:
    placed = _write_shards(tmp_path, suffix)
    assert _same(read_weights(tmp_path))
    (tmp_path / placed["b"]).unlink()
    with pytest.raises(InputError, match=placed["b"] + "` is missing"):
        read_weights(tmp_path)


@pytest.mark.parametrize("entry", ["model_state_dict", "state_dict", "model"])
def test_weights_inside_a_training_dictionary(entry: str, tmp_path: Path) -> None:
    optimizer = {"state": {}, "param_groups": [{"lr": 0.1}]}
    content = {"epoch": 3, entry: WEIGHTS, "optimizer_state_dict": optimizer}
    torch.save(content, tmp_path / "pytorch_model.bin")
    assert _same(read_weights(tmp_path))


@pytest.mark.parametrize("content", [{"epoch": 3}, {"a": WEIGHTS, "ema": WEIGHTS}, [1], {}])
def test_no_weights_or_too_many(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "pytorch_model.bin")
    with pytest.raises(InputError, match="must hold named tensors, alone or as one entry"):
        read_weights(tmp_path)


def test_a_shard_that_lacks_a_tensor(tmp_path: Path) -> None:
    placed = _write_shards(tmp_path, "safetensors")
    _write(tmp_path / placed["b"], {"c": torch.zeros(1)})
    with pytest.raises(InputError, match="the first being `b`"):
        read_weights(tmp_path)


@pytest.mark.parametrize("content", ["[", "[]", '{"weight_map": 3}', "{}"])
def test_a_damaged_index(content: str, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors.index.json").write_text(content)
    with pytest.raises(InputError, match="is no index of shards"):
        read_weights(tmp_path)


def test_a_shard_outside_the_folder(tmp_path: Path) -> None:
    index = {"weight_map": {"a": "../elsewhere.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(InputError, match="must lie beside it"):
        read_weights(tmp_path)


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_a_truncated_file(name: str, tmp_path: Path) -> None:
    _write(tmp_path / name, WEIGHTS)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) - 20])
    with pytest.raises(InputError, match="is truncated"):
        read_weights(tmp_path)


class _Code:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> object:
        return os.mkdir, (str(self.marker),)


def test_a_pickle_that_holds_code(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    torch.save({**WEIGHTS, "c": _Code(marker)}, tmp_path / "pytorch_model.bin")
    with pytest.raises(InputError, match="could run code"):
        read_weights(tmp_path)
    assert not marker.exists()


def test_something_else_than_tensors(tmp_path: Path) -> None:
    torch.save({**WEIGHTS, "epoch": 3}, tmp_path / "pytorch_model.bin")
    with pytest.raises(InputError, match="must hold named tensors, alone or as one"):
        read_weights(tmp_path)


def test_no_weights(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no weights"):
        read_weights(tmp_path)
