"""`tokenizer_config.json`: what a Hugging Face model says about its tokenizer."""

import json

from pf_fairseq.errors import InputError

CONFIG_NAME = "tokenizer_config.json"


def read_config(content: bytes) -> dict[str, object]:
    """Read the file.

    Raises:
        InputError: if it is not a JSON object.
    """
    try:
        config = json.loads(content)
    except ValueError as error:  # not UTF-8 or not JSON
        raise InputError(f"`{CONFIG_NAME}` is not JSON ({error}).") from error
    if not isinstance(config, dict):
        raise InputError(f"`{CONFIG_NAME}` must be a JSON object, but is {config!r} instead.")
    return config


def read_flag(config: dict[str, object], name: str, default: bool) -> bool:
    """Take an option that is true or false; `default` if the file leaves it out.

    Raises:
        InputError: if it is anything else.
    """
    value = config.get(name, default)
    if not isinstance(value, bool):
        raise InputError(
            f"`{name}` in `{CONFIG_NAME}` must be true or false, but is {json.dumps(value)} "
            "instead."
        )
    return value
