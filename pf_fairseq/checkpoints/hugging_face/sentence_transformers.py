"""What a sentence-transformers folder says beside its encoder: modules, pooling, limits."""

import json
from pathlib import Path
from typing import Any

from pf_fairseq.checkpoints.hugging_face.tokenizer_claims import TOKENIZER_JSON
from pf_fairseq.errors import InputError
from pf_fairseq.files import read_json_object

MODULES_NAME = "modules.json"
_SETTINGS_NAME = "sentence_bert_config.json"
_POOLING = "pooling_mode_"
# What exits read of a layer, by the pooling that an embedding was made with.
_READOUTS = {"mean_tokens": "--readout mean", "cls_token": "--readout first"}


def transformer_folder(folder: Path) -> Path:
    """Where the encoder's Hugging Face files lie: the folder itself, or one that it names.

    Raises:
        InputError: if `modules.json` is damaged or its first module is no Transformer.
    """
    modules = _modules(folder)
    if not modules:
        return folder
    kind, path = modules[0]
    if kind != "Transformer":
        raise InputError(
            f"`{folder / MODULES_NAME}` must begin with a Transformer, but begins with {kind}; "
            "other encoders are not supported."
        )
    return folder / path


def described(folder: Path) -> list[str]:
    """A line for everything that is left out of a conversion, or for which a flag stands.

    Args:
        folder: of the whole model; without `modules.json` there is nothing to say.

    Raises:
        InputError: if a file is damaged.
    """
    lines = [_module_line(folder, kind, path) for kind, path in _modules(folder)[1:]]
    settings = folder / _SETTINGS_NAME
    if lines and settings.is_file():
        lines += _setting_lines(read_json_object(settings, absent="", damaged="copy it again"))
    tokenizer = transformer_folder(folder) / TOKENIZER_JSON
    if lines and tokenizer.is_file():
        lines += _limit_lines(read_json_object(tokenizer, absent="", damaged="copy it again"))
    return lines


def _modules(folder: Path) -> list[tuple[str, str]]:
    """Kind and folder of each module in its order; empty if there is no `modules.json`."""
    path = folder / MODULES_NAME
    if not path.is_file():
        return []
    try:
        content = sorted(json.loads(path.read_text(encoding="utf-8")), key=lambda each: each["idx"])
        return [(str(each["type"]).rpartition(".")[2], str(each["path"])) for each in content]
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise InputError(
            f"`{path}` is no list of modules ({type(error).__name__}: {error}); copy it again."
        ) from error


def _module_line(folder: Path, kind: str, path: str) -> str:
    if kind != "Pooling":
        return f"{kind} ({path}): left out, since exits read the layers themselves"
    config = folder / path / "config.json"
    content = read_json_object(config, absent="copy it", damaged="copy it again")
    modes = [
        name.removeprefix(_POOLING)
        for name, value in content.items()
        if name.startswith(_POOLING) and value is True
    ]
    flag = _READOUTS.get(modes[0]) if len(modes) == 1 else None
    likewise = f"; `{flag}` reads a layer likewise" if flag is not None else ""
    return f"Pooling ({', '.join(modes) or 'none'}): left out{likewise}"


def _setting_lines(settings: dict[str, Any]) -> list[str]:
    lines = []
    if settings.get("max_seq_length") is not None:
        lines.append(
            f"max_seq_length {settings['max_seq_length']}: no limit of the encoder; "
            "`preprocess --max-tokens` sets that of your data"
        )
    if settings.get("do_lower_case") is True:
        lines.append(
            "do_lower_case true: it lowers texts before they are tokenized, which ours does only "
            "if the tokenizer's own configuration says so too"
        )
    return lines


def _limit_lines(tokenizer: dict[str, Any]) -> list[str]:
    set_to = [name for name in ("truncation", "padding") if tokenizer.get(name) is not None]
    if not set_to:
        return []
    return [
        f"{' and '.join(set_to)} of {TOKENIZER_JSON}: ignored; `preprocess --max-tokens` cuts, and "
        "batches are padded to their longest sentence"
    ]
