"""The whole chain in one run: corpus, training, evaluation, export, C++.

    make demo
    make demo GLUE_DIR=path/to/glue TASK=SST-2 TOKENIZER_DIR=path/to/roberta/tokenizer

Every step is a command of the project or of fairseq, printed before it runs. What they make lies in
build/demo, the C++ program in build/cpp.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from chain import Chain, build_chain
from commands import CommandError
from comparison import compare_runtimes
from corpus import write_corpus
from tokenizers import ByteLevelBPETokenizer

from pf_fairseq.errors import InputError
from pf_fairseq.files import atomic_directory, write_text
from pf_fairseq.text.glue import GLUE_TASKS, read_glue

WORK = Path("build/demo")
N_TRAIN, N_DEV = 13_000, 1_000
OWN_VOCABULARY = 1000
SPECIAL_TOKENS = ["<s>", "<pad>", "</s>", "<unk>"]
MASK_TOKEN = "<mask>"


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the flags; none means the demo's own corpus."""
    parser = argparse.ArgumentParser(
        prog="examples/demo/run.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--glue-dir", type=Path, help="real data, in GLUE's layout")
    parser.add_argument("--task", choices=list(GLUE_TASKS), default="SST-2")
    parser.add_argument("--tokenizer-dir", type=Path, help="RoBERTa's tokenizer, for real data")
    return parser


def make_corpus() -> tuple[Path, Path]:
    """Write the demo's own corpus and train a BPE on it; give the folders of both."""
    glue_dir, tokenizer_dir = WORK / "glue", WORK / "tokenizer"
    print(f"== A corpus of its own: {glue_dir}/SST-2 (examples/demo/corpus.py)")
    write_corpus(glue_dir / "SST-2", n_train=N_TRAIN, n_dev=N_DEV, seed=1)
    print(
        f"== A byte-level BPE trained on it: {tokenizer_dir} (train_bpe in examples/demo/run.py)",
        flush=True,
    )
    sentences = read_glue("SST-2", glue_dir, ["train"]).splits["train"].first
    train_bpe(iter(sentences), tokenizer_dir, vocab_size=OWN_VOCABULARY)
    return glue_dir, tokenizer_dir


def train_bpe(sentences: Iterator[str], folder: Path, *, vocab_size: int) -> None:
    """Train on `sentences` and write `vocab.json` and `merges.txt` into `folder`.

    `<s> <pad> </s> <unk>` are 0..3, the pieces follow, and `<mask>` is last.
    """
    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator(
        sentences,
        vocab_size=vocab_size - 1,
        special_tokens=SPECIAL_TOKENS,
        show_progress=False,
    )
    with atomic_directory(folder) as temporary:
        tokenizer.save_model(str(temporary))
        vocabulary = json.loads((temporary / "vocab.json").read_text(encoding="utf-8"))
        vocabulary[MASK_TOKEN] = len(vocabulary)
        write_text(temporary / "vocab.json", json.dumps(vocabulary, ensure_ascii=False))


def main() -> int:
    """Run all steps; the exit status is 2 for bad input, else that of the step that failed."""
    parser = build_parser()
    args = parser.parse_args()
    if (args.glue_dir is None) != (args.tokenizer_dir is None):
        parser.error("GLUE_DIR and TOKENIZER_DIR go together: give both, or neither.")
    if args.glue_dir is None and args.task != "SST-2":
        parser.error(
            f"TASK={args.task} needs GLUE_DIR: the demo's own corpus is laid out as SST-2."
        )
    start = time.monotonic()
    try:
        shutil.rmtree(WORK, ignore_errors=True)
        own = args.glue_dir is None
        glue_dir, tokenizer_dir = make_corpus() if own else (args.glue_dir, args.tokenizer_dir)
        chain = Chain(WORK, args.task, glue_dir, tokenizer_dir)
        build_chain(chain)
        print(compare_runtimes(chain))
    except InputError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2
    except CommandError as error:
        print(f"demo: {error}", file=sys.stderr)
        return error.status
    print(f"\nThe demo took {(time.monotonic() - start) / 60:.1f} minutes.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
