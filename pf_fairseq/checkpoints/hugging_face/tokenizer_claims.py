"""What a Hugging Face folder says of its tokenizer beside the vocabulary, and ours does not do."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pf_fairseq.backbones.description import BackboneDescription, HuggingFaceFormat
from pf_fairseq.errors import InputError, list_problems
from pf_fairseq.files import read_json_object
from pf_fairseq.text.tokenizer_config import CONFIG_NAME

TOKENIZER_JSON = "tokenizer.json"
# These read tokenizer.json and nothing else, whatever vocabulary lies beside it.
_GENERIC = ("PreTrainedTokenizerFast", "TokenizersBackend")
# Their names of the special tokens, in the order of our own.
_ROLES = ("cls", "pad", "sep", "unk", "mask")
_SPECIAL_TOKENS_MAP = "special_tokens_map.json"


def read_claims(folder: Path) -> dict[str, Any]:
    """Read `tokenizer_config.json`, if there is one; the class may stand in config.json instead.

    Raises:
        InputError: if a file is no JSON object.
    """
    claims, config = (
        read_json_object(path, absent="copy it", damaged="copy it again") if path.is_file() else {}
        for path in (folder / CONFIG_NAME, folder / "config.json")
    )
    name = claims.get("tokenizer_class") or config.get("tokenizer_class")
    return {**claims, "tokenizer_class": name}


def is_generic(claims: dict[str, Any]) -> bool:
    """Whether transformers would read tokenizer.json and no other file."""
    return claims.get("tokenizer_class") in _GENERIC


def check_claims(description: BackboneDescription, folder: Path, claims: dict[str, Any]) -> None:
    """Refuse a tokenizer that would give other pieces than ours of the same vocabulary.

    Args:
        description: the backbone.
        folder: the model's.
        claims: `read_claims(folder)`.

    Raises:
        InputError: naming the class, the options, the special and the added tokens that ours does
            not know, or what is damaged.
    """
    try:
        problems = [
            *_option_problems(description.hugging_face, claims),
            *_special_token_problems(
                description, {**_read(folder / _SPECIAL_TOKENS_MAP), **claims}
            ),
            *_added_token_problems(description, folder, claims),
        ]
    except InputError as error:
        raise InputError(f"The tokenizer of `{folder}` is damaged: {error}") from error
    if problems:
        raise list_problems(f"The tokenizer of `{folder}` is another than ours:", problems)


def _option_problems(theirs: HuggingFaceFormat, claims: dict[str, Any]) -> Iterator[str]:
    name, classes = claims.get("tokenizer_class"), theirs.tokenizer_classes
    if name and not is_generic(claims) and str(name).removesuffix("Fast") not in classes:
        yield f"`tokenizer_class` must be {', '.join(classes)}, but is {name!r}"
    for option, neutral in theirs.tokenizer_options.items():
        if option in claims and claims[option] not in neutral:
            wanted, found = json.dumps(neutral[-1]), json.dumps(claims[option])
            yield f"`{option}` must be {wanted}, but is {found}"


def _special_token_problems(
    description: BackboneDescription, claims: dict[str, Any]
) -> Iterator[str]:
    for role, wanted in zip(_ROLES, description.special_pieces, strict=True):
        token = claims.get(f"{role}_token")
        if token is not None and (name := _content(token)) != wanted:
            yield f"`{role}_token` must be {wanted}, but is {name}"


def _added_token_problems(
    description: BackboneDescription, folder: Path, claims: dict[str, Any]
) -> Iterator[str]:
    ours = {*description.special_pieces, *description.hugging_face.also_special}
    added = sorted(set(_added_tokens(folder, claims)) - ours)
    if added:
        yield (
            f"added tokens ({', '.join(added[:5])}) are found in a text before it is cut, which "
            "ours does not do; delete them from the tokenizer's files if no text holds them"
        )


def _added_tokens(folder: Path, claims: dict[str, Any]) -> Iterator[str]:
    """Every token that some file adds, special ones included."""
    for option in ("additional_special_tokens", "extra_special_tokens", "added_tokens_decoder"):
        yield from _contents(claims.get(option))
    yield from _contents(_read(folder / _SPECIAL_TOKENS_MAP).get("additional_special_tokens"))
    yield from _contents(_read(folder / TOKENIZER_JSON).get("added_tokens"))
    yield from _read(folder / "added_tokens.json")


def _read(path: Path) -> dict[str, Any]:
    """A JSON object; empty if the file is absent, or damaged, which whoever needs it will say."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _contents(tokens: Any) -> Iterator[str]:
    """Texts of a list of tokens, or of a table with tokens as its values."""
    if isinstance(tokens, dict):
        tokens = list(tokens.values())
    if not isinstance(tokens, list | None):
        raise InputError(f"added tokens must be a list or a table, but are {tokens!r}.")
    yield from map(_content, tokens or ())


def _content(token: Any) -> str:
    """The text of a token, which stands there as such or as an object with a `content`."""
    content = token.get("content") if isinstance(token, dict) else token
    if not isinstance(content, str):
        raise InputError(f"a token must be a text or hold its `content`, but is {token!r}.")
    return content
