"""`pf-fairseq preprocess`: GLUE or own tab-separated files into a fairseq data-bin."""

import argparse
import shlex
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pf_fairseq.cli.outputs import check_not_an_input
from pf_fairseq.errors import InputError
from pf_fairseq.text.glue import FAIRSEQ_SPLITS, GLUE_TASKS, read_glue

# What torch or the tokenizers' libraries are needed for is imported where it runs: `--help` and a
# wrong flag are to be answered at once.
if TYPE_CHECKING:
    from pf_fairseq.text.corpus import Corpus
    from pf_fairseq.text.encoding import EncodedRow, LengthSummary
    from pf_fairseq.text.task import TaskDescription
    from pf_fairseq.text.tokenizer import Tokenizer

TOKENIZER_KINDS = ("roberta", "bert", "sentencepiece")
HELP = "turn GLUE or own tab-separated files into the data that fairseq-train reads"
SECONDS_BETWEEN_LINES = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `pf-fairseq preprocess`."""
    glue = parser.add_argument_group("a GLUE task")
    glue.add_argument("--task", choices=list(GLUE_TASKS), help="name of the task")
    glue.add_argument("--data-dir", type=Path, help="folder of GLUE, or of the task's .tsv files")
    glue.add_argument(
        "--splits", metavar="LIST", help="of train, dev (fairseq's valid), test; default train,dev"
    )
    own = parser.add_argument_group("own files, tab-separated, UTF-8, without quoting")
    own.add_argument("--train", type=Path, metavar="FILE", help="its labels are the classes")
    own.add_argument("--valid", type=Path, metavar="FILE")
    own.add_argument("--test", type=Path, metavar="FILE", help="may lack the label column")
    own.add_argument("--text-column", type=int, metavar="N", help="0-based")
    own.add_argument("--text-pair-column", type=int, metavar="N", help="second text of a pair")
    own.add_argument("--label-column", type=int, metavar="N", help="0-based")
    own.add_argument(
        "--header",
        action=argparse.BooleanOptionalAction,
        help="whether the first line of each file is a header; default: it is",
    )
    parser.add_argument("--tokenizer", choices=TOKENIZER_KINDS, required=True)
    parser.add_argument(
        "--tokenizer-dir",
        type=Path,
        required=True,
        help="roberta: encoder.json + vocab.bpe + dict.txt, or vocab.json + merges.txt; "
        "bert: vocab.txt; sentencepiece: one *.model; both: tokenizer_config.json if there is one",
    )
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    parser.add_argument(
        "--hold-out",
        type=int,
        metavar="N",
        help="move N rows of train, drawn with a fixed seed, into a split `held`: for choosing "
        "checkpoints and thresholds, so that the whole dev set can report",
    )
    parser.add_argument(
        "--max-tokens",
        type=int,
        default=128,
        help="most tokens of an input, special ones included (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> None:
    """Read, check, encode and write; print what a person needs for `fairseq-train`."""
    from pf_fairseq.text.corpus import hold_out
    from pf_fairseq.text.data_bin import check_output, write_data_bin
    from pf_fairseq.text.inputs import check_max_tokens
    from pf_fairseq.text.tokenizer import load_tokenizer

    _check_usage(args)
    inputs = ("train", "valid", "test", "data_dir", "tokenizer_dir")
    paths = {_option(name): getattr(args, name) for name in inputs}
    check_output(args.output)
    check_not_an_input(args.output, paths, folder=True)
    tokenizer = load_tokenizer(args.tokenizer, args.tokenizer_dir)
    pair = len(GLUE_TASKS[args.task].texts) == 2 if args.task else args.text_pair_column is not None
    check_max_tokens(args.max_tokens, tokenizer.layout(pair), pair)
    corpus = _read_glue(args) if args.task else _read_own(args)
    if args.hold_out is not None:
        corpus = hold_out(corpus, args.hold_out)
    description = _describe(corpus, tokenizer, args.max_tokens)
    summaries = write_data_bin(args.output, corpus, tokenizer, description, track=track)
    print(report(args.output, description, summaries, corpus.notes))


def track(rows: "Iterable[EncodedRow]", *, name: str, total: int) -> "Iterable[EncodedRow]":
    """Show a bar on a terminal, and a line every few seconds elsewhere."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        yield from tqdm(rows, desc=name, total=total, unit=" rows")
        return
    last = time.monotonic()
    for done, row in enumerate(rows, start=1):
        yield row
        if done == total or time.monotonic() - last > SECONDS_BETWEEN_LINES:
            print(f"{name}: {done} of {total} rows", file=sys.stderr, flush=True)
            last = time.monotonic()


def report(
    output: Path,
    description: "TaskDescription",
    summaries: "Mapping[str, LengthSummary]",
    notes: Sequence[str],
) -> str:
    """Say what was written, how long the inputs are, what to look at, and how to train on them."""
    lines = [f"Wrote {description.task} to {output}; labels: {', '.join(description.labels)}"]
    for split, summary in summaries.items():
        lines.append(
            f"  {split}: {summary.n_rows} rows of {summary.mean:.1f} tokens on average, "
            f"{summary.longest} at most; {summary.n_truncated} cut to {description.max_tokens}"
        )
    lines += [f"  {note}" for note in notes]
    lines.append("Flags of fairseq-train that fit this data:")
    lines.append(f"  {shlex.join([str(output), *description.fairseq_flags])}")
    return "\n".join(lines)


def _check_usage(args: argparse.Namespace) -> None:
    """Refuse options of both kinds of input at once, and the lack of one that is needed."""
    glue = _given(args, "task", "data_dir", "splits")
    own = _given(
        args, "train", "valid", "test", "text_column", "text_pair_column", "label_column", "header"
    )
    if glue and own:
        raise InputError(
            f"{glue[0]} is for GLUE and {own[0]} for own files, but both are given; leave one out."
        )
    needed = ("train", "valid", "text_column", "label_column") if own else ("task", "data_dir")
    missing = [_option(name) for name in needed if getattr(args, name) is None]
    if missing:
        other = "" if own or glue else ", or --train, --valid, --text-column and --label-column"
        raise InputError(f"{' and '.join(missing)} must be given{other}.")


def _given(args: argparse.Namespace, *names: str) -> list[str]:
    return [_option(name) for name in names if getattr(args, name) is not None]


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _read_glue(args: argparse.Namespace) -> "Corpus":
    splits = "train,dev" if args.splits is None else args.splits
    names = [name.strip() for name in splits.split(",")]
    unknown = [name for name in names if name not in FAIRSEQ_SPLITS]
    if unknown or len(set(names)) < len(names):
        raise InputError(
            f"`--splits` must be a list of different names out of {','.join(FAIRSEQ_SPLITS)}, "
            f"but is {splits!r} instead."
        )
    return read_glue(args.task, args.data_dir, names)


def _read_own(args: argparse.Namespace) -> "Corpus":
    from pf_fairseq.text.custom import read_custom
    from pf_fairseq.text.tsv import Columns

    texts = [args.text_column, args.text_pair_column]
    columns = [column for column in [*texts, args.label_column] if column is not None]
    if min(columns) < 0 or len(set(columns)) < len(columns):
        raise InputError(
            "The columns must be different numbers from 0 on, but are "
            f"{', '.join(map(str, columns))} instead."
        )
    files = {"train": args.train, "valid": args.valid, "test": args.test}
    return read_custom(
        {split: path for split, path in files.items() if path is not None},
        Columns(tuple(columns[:-1]), args.label_column),
        header=args.header is not False,
    )


def _describe(corpus: "Corpus", tokenizer: "Tokenizer", max_tokens: int) -> "TaskDescription":
    from pf_fairseq.text.task import TaskDescription, fairseq_flags

    layout = tokenizer.layout(corpus.pair)
    return TaskDescription(
        task=corpus.task,
        labels=corpus.labels,
        pair=corpus.pair,
        tokenizer=tokenizer.kind,
        special_tokens={
            "bos": tokenizer.bos_id,
            "pad": tokenizer.pad_id,
            "eos": tokenizer.eos_id,
            "unk": tokenizer.unk_id,
            "mask": tokenizer.mask_id,
        },
        init_token=layout.init_token,
        separator_token=layout.separator_token,
        max_tokens=max_tokens,
        metrics=corpus.metrics,
        fairseq_flags=fairseq_flags(len(corpus.labels), layout, max_tokens),
    )
