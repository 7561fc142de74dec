"""The catalogue of backbones: each description is whole, and nobody else knows a name."""

import ast
import re
from importlib.resources import files
from pathlib import Path

import pytest
import torch

from pf_fairseq.backbones.catalogue import BACKBONES, titles
from pf_fairseq.backbones.description import BackboneDescription
from pf_fairseq.backbones.shape import EncoderShape
from pf_fairseq.modules.layout import narrow
from pf_fairseq.text.tokenizer import TOKENIZERS
from tests.modules.random_weights import randomise
from tests.tolerances import REFERENCE

PACKAGE = Path(str(files("pf_fairseq")))
SHAPE = EncoderShape(
    n_layers=3, hidden_dim=8, ffn_dim=12, n_heads=2, vocab_size=20, max_positions=12, pad_id=1
)
TOKENS = torch.tensor([[0, 5, 6, 2, 7, 8, 2], [0, 9, 2, 4, 2, 1, 1], [0, 3, 2, 1, 1, 1, 1]])
each = pytest.mark.parametrize("description", BACKBONES.values(), ids=list(BACKBONES))


@each
def test_a_description_is_whole(description: BackboneDescription) -> None:
    assert BACKBONES[description.name] is description
    assert description.title.lower() == description.name
    assert description.tokenizer in TOKENIZERS
    assert None not in description.special_pieces and "base" in description.sizes
    own = {size.flag: size.default for size in description.own_sizes}
    encoder = description.build(SHAPE, own)
    ours = {name for _, name in description.hugging_face.key_map.pairs(SHAPE.n_layers)}
    surplus = ours - encoder.state_dict().keys()
    assert encoder.state_dict().keys() <= ours
    # A row of segments that the description folds away is theirs alone.
    assert surplus == set() or description.hugging_face.to_ours is not None


@each
def test_one_sentence_is_the_batch_of_many(description: BackboneDescription) -> None:
    own = {size.flag: size.default for size in description.own_sizes}
    encoder = description.build(SHAPE, own).eval()
    randomise(encoder)
    hidden, layout = encoder.embed(TOKENS)
    alone, alone_layout = narrow(hidden, layout, torch.tensor([1]), 5)
    for layer in encoder.layers:
        hidden, alone = layer(hidden, layout), layer(alone, alone_layout)
    torch.testing.assert_close(alone[0], hidden[1, :5], **REFERENCE)


def test_titles_make_a_list() -> None:
    assert titles("or") == "RoBERTa, BERT, ALBERT or MPNet"


def _names_in_code(source: Path) -> set[str]:
    """Backbones that a constant of the code names; documentation may speak of what it likes."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    prose = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
    ]
    names = [*BACKBONES, *(description.title for description in BACKBONES.values())]
    named = re.compile(rf"\b(?:past_future_)?({'|'.join(names)})(?:_base|_large)?\b")
    return {name for text in texts for name in named.findall(text)}


def test_nobody_else_knows_a_name() -> None:
    knowing = {
        str(source.relative_to(PACKAGE)): sorted(found)
        for source in PACKAGE.rglob("*.py")
        if source.relative_to(PACKAGE).parts[0] != "backbones" and (found := _names_in_code(source))
    }
    # `roberta` and `bert` are also kinds of tokenizers, which these files list.
    kinds = {
        "text/tokenizer.py",
        "text/word_piece.py",
        "text/byte_level_bpe.py",
        "cli/preprocess.py",
        "checkpoints/hugging_face/tokenizer_json.py",
    }
    assert knowing.keys() <= kinds, knowing
    assert {name for found in knowing.values() for name in found} <= {"roberta", "bert"}
