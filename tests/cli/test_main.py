"""`pf-fairseq` answers `--help` and a wrong flag at once."""

import subprocess
import sys

import pytest

from pf_fairseq.cli.main import COMMANDS
from pf_fairseq.cli.preprocess import TOKENIZER_KINDS
from pf_fairseq.text.tokenizer import TOKENIZERS

# What takes a noticeable part of a second to import, each.
HEAVY = {
    "fairseq", "matplotlib", "numpy", "omegaconf", "onnx", "scipy", "sentencepiece", "sklearn",
    "tokenizers", "torch", "tqdm", "transformers",
}  # fmt: skip
CODE = """
import sys
from pf_fairseq.cli.main import main
try:
    main(sys.argv[1:])
finally:
    print(*{name.split(".")[0] for name in sys.modules}, file=sys.stderr)
"""


@pytest.mark.parametrize("command", COMMANDS)
def test_help_imports_nothing_heavy(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE, command, "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0 and f"pf-fairseq {command}" in done.stdout
    assert HEAVY & set(done.stderr.split()) == set()


def test_nor_does_a_wrong_flag() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE, "evaluate", "--colour"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert HEAVY & set(done.stderr.split()) == set()


def test_the_tokenizers_offered_are_those_there_are() -> None:
    assert list(TOKENIZER_KINDS) == list(TOKENIZERS)
