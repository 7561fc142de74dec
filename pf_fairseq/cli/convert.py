"""`pf-fairseq convert`: pretrained encoders between Hugging Face's format and fairseq's."""

import argparse
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pf_fairseq.cli.outputs import check_not_an_input
from pf_fairseq.errors import InputError

# All else is imported where it runs: `--help` and a wrong flag are to be answered at once.
if TYPE_CHECKING:
    from pf_fairseq.backbones.backbone import Backbone
    from pf_fairseq.checkpoints.pretrained import PretrainedEncoder

HELP = "turn a pretrained encoder of Hugging Face into a checkpoint for fairseq, or back"

MOST_NAMED = 8  # of the modules that are left out


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `pf-fairseq convert`."""
    parser.add_argument(
        "--from",
        dest="source",
        type=Path,
        required=True,
        metavar="PATH",
        help="a Hugging Face folder, a folder that this command wrote, one with fairseq's "
        "model.pt and dict.txt, or (with --data) a checkpoint of fairseq-train",
    )
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    parser.add_argument("--to-hf", action="store_true", help="write a Hugging Face folder")
    parser.add_argument(
        "--data", type=Path, help="data-bin of a checkpoint of fairseq-train, for its vocabulary"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="compare hidden states with transformers first; more than 1e-4 is a failure",
    )


def run(args: argparse.Namespace) -> None:
    """Read, check, and write the folder in one step."""
    from pf_fairseq.checkpoints.fairseq_encoder import fairseq_files
    from pf_fairseq.checkpoints.hugging_face.config import CONFIG_NAME
    from pf_fairseq.checkpoints.hugging_face.reading import read_hugging_face
    from pf_fairseq.checkpoints.hugging_face.sentence_transformers import (
        described,
        transformer_folder,
    )
    from pf_fairseq.checkpoints.hugging_face.writing import hugging_face_files
    from pf_fairseq.checkpoints.pretrained import write_folder
    from pf_fairseq.registration import register

    check_not_an_input(args.output, {"--from": args.source, "--data": args.data}, folder=True)
    whole, args.source = args.source, transformer_folder(args.source)
    register()  # fairseq's oldest checkpoints hold an argparse.Namespace
    is_hugging_face = (args.source / CONFIG_NAME).is_file()
    if is_hugging_face and args.to_hf:
        raise InputError(f"`{args.source}` is a Hugging Face folder already; leave `--to-hf` out.")
    encoder = read_hugging_face(args.source) if is_hugging_face else _read_fairseq(args)
    ours = encoder.build()
    n_parameters = sum(parameter.numel() for parameter in ours.parameters())
    files = hugging_face_files(encoder) if args.to_hf else fairseq_files(encoder)
    if args.check:
        print(_check(args.source if is_hugging_face else None, encoder, ours))
    write_folder(args.output, files)
    print(_report(args.output, encoder, n_parameters, to_hf=args.to_hf))
    for line in described(whole):
        print(f"Of sentence-transformers: {line}")
    if encoder.tokenizer is None:
        print(
            "No tokenizer files lie beside dict.txt: copy GPT-2's encoder.json and vocab.bpe to "
            f"{args.output} before `pf-fairseq preprocess`."
        )


def _read_fairseq(args: argparse.Namespace) -> "PretrainedEncoder":
    from pf_fairseq.checkpoints.fairseq_encoder import CHECKPOINT_NAME, OFFICIAL_NAME, read_fairseq
    from pf_fairseq.checkpoints.hugging_face.config import CONFIG_NAME

    source: Path = args.source
    if source.is_file():
        if args.data is None:
            raise InputError(
                f"`{source}` is a checkpoint, whose vocabulary lies in its data-bin; give `--data`."
            )
        return read_fairseq(source, args.data / "tokenizer")
    for name in (CHECKPOINT_NAME, OFFICIAL_NAME):
        if (source / name).is_file():
            return read_fairseq(source / name, source)
    raise InputError(
        f"`{source}` must be a folder with {CONFIG_NAME} (Hugging Face's), {CHECKPOINT_NAME} or "
        f"{OFFICIAL_NAME}, or a checkpoint, but is none of these."
    )


def _check(folder: Path | None, encoder: "PretrainedEncoder", ours: "Backbone") -> str:
    """Compare with transformers.

    Args:
        folder: of the Hugging Face model; None: the one that the encoder would become.
        encoder: the encoder in our form.
        ours: what it builds.

    Raises:
        SystemExit: if they differ.
    """
    from pf_fairseq.checkpoints.hugging_face.writing import hugging_face_files
    from pf_fairseq.checkpoints.pretrained import write_folder

    if encoder.tokenizer is None:
        raise InputError("`--check` compares on real text and needs the tokenizer's files.")
    if folder is not None:
        return _compare(folder, encoder, ours)
    with tempfile.TemporaryDirectory() as written:
        write_folder(Path(written) / "model", hugging_face_files(encoder))
        return _compare(Path(written) / "model", encoder, ours)


def _compare(folder: Path, encoder: "PretrainedEncoder", ours: "Backbone") -> str:
    from pf_fairseq.checkpoints import equality

    difference = equality.largest_difference(folder, encoder, ours)
    if difference > equality.TOLERANCE:
        raise SystemExit(
            f"pf-fairseq convert: hidden states differ from transformers' by up to "
            f"{difference:.2e} (tolerance {equality.TOLERANCE:g}); nothing was written."
        )
    same = f"Same hidden states as transformers, within {difference:.1e}"
    try:
        text = equality.differing_text(folder, encoder)
    except ImportError as error:
        return f"{same}; its tokenizer cannot be compared ({' '.join(str(error).split())})"
    if text is not None:
        raise SystemExit(
            f"pf-fairseq convert: transformers' tokenizer gives other ids for {text!r}; nothing "
            "was written."
        )
    return f"{same}, and the same token ids"


def _shortened(names: Sequence[str]) -> str:
    """The modules that tensors belong to, each once, and no more than a line of them."""
    modules = list(dict.fromkeys(re.sub(r"\.(weight|bias)$", "", name) for name in names))
    more = f" and {len(modules) - MOST_NAMED} more" if len(modules) > MOST_NAMED else ""
    return f"{', '.join(modules[:MOST_NAMED])}{more}"


def _report(output: Path, encoder: "PretrainedEncoder", n_parameters: int, *, to_hf: bool) -> str:
    from pf_fairseq.checkpoints.fairseq_encoder import CHECKPOINT_NAME, FLAGS_NAME

    config, shape = encoder.config, encoder.config.shape
    what = f"{config.backbone}, {shape.n_layers} layers x {shape.hidden_dim}"
    lines = [f"Wrote {output}: {what}, {n_parameters / 1e6:.1f} M parameters"]
    if to_hf:
        return f"{lines[0]}, without a pooler and heads"
    if encoder.left_out:
        lines.append(
            f"Left out, since the encoder does not need them: {_shortened(encoder.left_out)}"
        )
    flags = " ".join([*config.command_line(), "--finetune-from-model"])
    lines.append(f"Flags of fairseq-train that fit it (in {output / FLAGS_NAME}):")
    return "\n".join([*lines, f"  {flags} {output / CHECKPOINT_NAME}"])
