"""What a Hugging Face folder says of its tokenizer beside the vocabulary, and ours does not do."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pf_fairseq.errors import list_problems
from pf_fairseq.files import read_json_object
from pf_fairseq.text.tokenizer_config import CONFIG_NAME

TOKENIZER_JSON = "tokenizer.json"
# These read tokenizer.json and nothing else, whatever vocabulary lies beside it.
_GENERIC = ("PreTrainedTokenizerFast", "TokenizersBackend")
# By the kind of our tokenizer; the first is the one that `convert` writes.
TOKENIZER_CLASSES = {
    "roberta": ("RobertaTokenizer",),
    "bert": ("BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer"),
    "sentencepiece": ("AlbertTokenizer",),
}
_SPECIAL_TOKENS = {
    "roberta": {"<s>", "<pad>", "</s>", "<unk>", "<mask>"},
    "bert": {"[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"},
    "sentencepiece": {"[CLS]", "[SEP]", "[MASK]", "<pad>", "<unk>", "<s>", "</s>"},
}
# Options that change what a text is cut into, and the values that change nothing.
_NEUTRAL: dict[str, dict[str, tuple[object, ...]]] = {
    "roberta": {"add_prefix_space": (None, False)},
    "bert": {
        "word_tokenizer_type": (None, "basic"),
        "subword_tokenizer_type": (None, "wordpiece"),
        "do_basic_tokenize": (None, True),
        "do_word_tokenize": (None, True),
        "do_subword_tokenize": (None, True),
        "never_split": (None, []),
    },
    "sentencepiece": {},
}


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


def check_claims(kind: str, folder: Path, claims: dict[str, Any]) -> None:
    """Refuse a tokenizer that would give other pieces than ours of the same vocabulary.

    Args:
        kind: of our tokenizer.
        folder: the model's.
        claims: `read_claims(folder)`.

    Raises:
        InputError: naming the class, the options and the added tokens that ours does not know.
    """
    problems = []
    name, classes = claims.get("tokenizer_class"), TOKENIZER_CLASSES[kind]
    if name and not is_generic(claims) and str(name).removesuffix("Fast") not in classes:
        known = ", ".join(classes)
        problems.append(f"`tokenizer_class` must be {known}, but is {name!r}")
    problems += [
        f"`{option}` must be {json.dumps(neutral[-1])}, but is {json.dumps(claims[option])}"
        for option, neutral in _NEUTRAL[kind].items()
        if option in claims and claims[option] not in neutral
    ]
    added = sorted(set(_added_tokens(folder, claims)) - _SPECIAL_TOKENS[kind])
    if added:
        problems.append(
            f"added tokens ({', '.join(added[:5])}) are found in a text before it is cut, which "
            "ours does not do; delete them from the tokenizer's files if no text holds them"
        )
    if problems:
        raise list_problems(f"The tokenizer of `{folder}` is another than ours:", problems)


def _added_tokens(folder: Path, claims: dict[str, Any]) -> Iterator[str]:
    """Every token that some file adds, special ones included."""
    for option in ("additional_special_tokens", "extra_special_tokens", "added_tokens_decoder"):
        yield from _contents(claims.get(option))
    for name, entry in (
        ("special_tokens_map.json", "additional_special_tokens"),
        (TOKENIZER_JSON, "added_tokens"),
        ("added_tokens.json", None),
    ):
        try:
            content = json.loads((folder / name).read_text("utf-8"))
            yield from list(content) if entry is None else _contents(content.get(entry))
        except (OSError, ValueError, AttributeError, TypeError):
            continue  # absent, or damaged, which whoever needs it will say


def _contents(tokens: Any) -> Iterator[str]:
    """Texts of tokens, which stand there as such or as objects with a `content`."""
    for token in tokens.values() if isinstance(tokens, dict) else tokens or ():
        yield str(token["content"]) if isinstance(token, dict) else str(token)
