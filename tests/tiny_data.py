"""A tiny corpus, tokenizer and data-bin, made on the spot: no test needs a download."""

import json
import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer

from pf_fairseq.cli import preprocess
from pf_fairseq.cli.program import Parser, run_program

SPECIALS = ["<s>", "<pad>", "</s>", "<unk>"]
VOCAB_SIZE = 400
N_TRAIN, N_VALID = 200, 60

GOOD = "bright calm fine fresh kind lovely rich warm".split()
BAD = "bleak cold dull harsh poor stale tired weak".split()
THINGS = "bread café garden music river song soup story".split()
LINKS = ["is", "was", "felt"]
ENDS = ["", " today", " in the end , they say", " , as far as I can tell after a long evening"]


def draw_sentence(draw: random.Random) -> tuple[str, int]:
    """Give a sentence with one judgement or three, and whether most of them praise."""
    praises = [draw.random() < 0.5 for _ in range(draw.choice([1, 3]))]
    words = [draw.choice(GOOD if praise else BAD) for praise in praises]
    judgement = " , ".join(words)
    text = f"the {draw.choice(THINGS)} {draw.choice(LINKS)} {judgement}{draw.choice(ENDS)}"
    return text, int(2 * sum(praises) > len(praises))


def _rows(draw: random.Random, pair: bool) -> Iterator[str]:
    """Draw rows without end, each once: equal sentences would have equal entropies."""
    known = set()
    while True:
        text, label = draw_sentence(draw)
        row = f"{text}\t{label}"
        if pair:
            second, second_label = draw_sentence(draw)
            row = f"{text}\t{second}\t{int(label == second_label)}"
        if row not in known:
            known.add(row)
            yield row


def write_corpus(folder: Path, *, pair: bool = False) -> None:
    """Write `train.tsv` and `valid.tsv`; the last column is the label."""
    rows = _rows(random.Random(0), pair)
    header = "text\tother\tlabel" if pair else "text\tlabel"
    for split, n_rows in {"train": N_TRAIN, "valid": N_VALID}.items():
        lines = [header, *islice(rows, n_rows)]
        (folder / f"{split}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_tokenizer(folder: Path) -> None:
    """Train a byte-level BPE and write `vocab.json` and `merges.txt` as RoBERTa has them."""
    draw = random.Random(0)
    engine = Tokenizer(BPE())
    engine.pre_tokenizer = ByteLevel(add_prefix_space=False)
    trainer = BpeTrainer(
        vocab_size=VOCAB_SIZE, initial_alphabet=ByteLevel.alphabet(), show_progress=False
    )
    engine.train_from_iterator((draw_sentence(draw)[0] for _ in range(500)), trainer)
    vocabulary = engine.get_vocab()
    symbols = [*SPECIALS, *sorted(vocabulary, key=vocabulary.__getitem__), "<mask>"]
    numbers = {symbol: number for number, symbol in enumerate(symbols)}
    merges = json.loads(engine.to_str())["model"]["merges"]
    lines = ["#version: 0.2", *(" ".join(merge) for merge in merges)]
    (folder / "vocab.json").write_text(json.dumps(numbers), encoding="utf-8")
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def make_data_bin(folder: Path, *, pair: bool = False) -> Path:
    """Write corpus and tokenizer into `folder`, and preprocess them; returns the data-bin."""
    write_corpus(folder, pair=pair)
    write_tokenizer(folder)
    columns = ["--text-column", "0", "--label-column", "2" if pair else "1"]
    if pair:
        columns += ["--text-pair-column", "1"]
    files = ["--train", str(folder / "train.tsv"), "--valid", str(folder / "valid.tsv")]
    tokenizer = ["--tokenizer", "roberta", "--tokenizer-dir", str(folder), "--max-tokens", "48"]
    output = folder / "data-bin"
    parser = Parser(prog="pf-fairseq preprocess")
    preprocess.add_arguments(parser)
    arguments = [*files, *columns, *tokenizer, "--output", str(output)]
    assert run_program(parser, preprocess.run, arguments) == 0
    return output
