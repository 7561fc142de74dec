"""Weights of a Hugging Face folder: safetensors or pickled, whole or in shards."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from pf_fairseq.checkpoints.loading import load_weights_only
from pf_fairseq.errors import InputError

SAFETENSORS = "model.safetensors"
PICKLED = "pytorch_model.bin"
INDEX = ".index.json"


def read_weights(folder: Path) -> dict[str, Tensor]:
    """Read every tensor in fp32; safetensors are preferred where both kinds lie.

    Raises:
        InputError: if there are none, or a file is missing, damaged or holds code.
    """
    for name in (SAFETENSORS, PICKLED):
        if (folder / name).is_file():
            return _in_fp32(_read_file(folder / name))
        if (folder / (name + INDEX)).is_file():
            return _in_fp32(_read_shards(folder, name + INDEX))
    raise InputError(
        f"`{folder}` holds no weights: it needs {SAFETENSORS} or {PICKLED}, or their shards with "
        f"{SAFETENSORS + INDEX}."
    )


def _in_fp32(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name: tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in weights.items()
    }


def _read_shards(folder: Path, index_name: str) -> dict[str, Tensor]:
    try:
        index = json.loads((folder / index_name).read_text(encoding="utf-8"))
        placed = {str(name): str(file) for name, file in index["weight_map"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"`{folder / index_name}` is no index of shards ({error}).") from error
    weights: dict[str, Tensor] = {}
    for file in sorted(set(placed.values())):
        if Path(file).name != file:
            raise InputError(
                f"`{folder / index_name}` names `{file}`, but shards must lie beside it."
            )
        weights.update(_read_file(folder / file))
    missing = sorted(placed.keys() - weights.keys())
    if missing:
        raise InputError(
            f"`{folder}`: its shards lack {len(missing)} of the tensors that {index_name} lists, "
            f"the first being `{missing[0]}`."
        )
    return weights


def _read_file(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise InputError(f"`{path}` is missing; copy the whole model folder.")
    if path.suffix == ".safetensors":
        try:
            return load_file(path)
        except (SafetensorError, OSError) as error:
            raise InputError(
                f"`{path}` is truncated or no safetensors file ({error}); copy it again."
            ) from error
    return _named_tensors(path, load_weights_only(path))


def _named_tensors(path: Path, content: Any) -> dict[str, Tensor]:
    """The weights, which may stand as one entry of a dictionary that a training loop saved.

    Raises:
        InputError: if there are none, or several.
    """
    if _are_weights(content):
        return dict(content)
    entries = list(content) if isinstance(content, dict) else []
    found = [name for name in entries if _are_weights(content[name])]
    if len(found) != 1:
        held = ", ".join(map(str, entries[:8])) or type(content).__name__
        raise InputError(
            f"`{path}` must hold named tensors, alone or as one entry beside others, but holds "
            f"{held}, of which {len(found)} are weights; save the model's `state_dict()` alone."
        )
    return dict(content[found[0]])


def _are_weights(content: Any) -> bool:
    """Whether it is a dictionary of tensors by name; no optimizer's state is one."""
    return (
        isinstance(content, dict)
        and len(content) > 0
        and all(isinstance(each, Tensor) for each in content.values())
        and all(isinstance(name, str) for name in content)
    )
