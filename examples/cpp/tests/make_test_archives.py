"""Write the archives that the C++ tests load, and what Python says about them.

    python make_test_archives.py OUTPUT_DIR

The model is a tiny RoBERTa or MPNet with past-future exits and random weights, the tokenizer a
byte-level BPE, a WordPiece or a sentencepiece model trained here; all go through the project's own
runtime and archive writer. `expected.json` holds sentences, inputs and predictions, computed in
Python one sentence at a time.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from archive_model import (
    MAX_POSITIONS,
    N_LAYERS,
    exit_entropies,
    predict,
    spread_thresholds,
    tiny_runtime,
)
from archive_sentences import (
    PAIRS,
    TEXTS,
    byte_level_bpe,
    mpnet_word_piece,
    sentence_piece,
    word_piece,
)
from foreign_modules import foreign_modules

from pf_fairseq.artefact.metadata import ArchiveMetadata, TokenizerEntry
from pf_fairseq.artefact.saving import save_archive
from pf_fairseq.exiting.point import OperatingPoint
from pf_fairseq.modules.policies import EntropyPolicy
from pf_fairseq.runtime.early_exit import EarlyExitRuntime
from pf_fairseq.runtime.lowering import lower
from pf_fairseq.text.inputs import build_input
from pf_fairseq.text.tokenizer import Tokenizer

MAX_TOKENS = 17  # odd without special tokens: pairs are cut unevenly


def describe(
    tokenizer: Tokenizer, labels: list[str], points: list[OperatingPoint], threshold: float
) -> ArchiveMetadata:
    """Return the metadata of RoBERTa's archive; a model of two labels classifies pairs."""
    pair = len(labels) == 2
    special = {name: getattr(tokenizer, f"{name}_id") for name in "bos pad eos unk mask".split()}
    return ArchiveMetadata(
        backbone="roberta",
        exit_method="past_future",
        policy=EntropyPolicy.description,
        task="tests",
        labels=labels,
        pair=pair,
        n_layers=N_LAYERS,
        vocab_size=tokenizer.vocab_size,
        max_positions=MAX_POSITIONS,
        max_tokens=MAX_TOKENS,
        special_tokens=special,
        init_token=tokenizer.bos_id,
        separator_token=tokenizer.layout(pair).separator_token,
        dtype="float32",
        min_exit_layer=1,
        check_interval=1,
        operating_points=points,
        default=points[0].name if points else None,
        default_threshold=threshold,
        tokenizer=TokenizerEntry(
            tokenizer.kind,
            list(tokenizer.files),
            tokenizer.token_id_map,
            tokenizer.special_pieces,
        ),
        checkpoint_sha256="0" * 64,
    )


def write_archive(
    path: Path,
    tokenizer: Tokenizer,
    labels: list[str],
    sentences: list[list[str]],
    *,
    backbone: str = "roberta",
    dtype: str = "float32",
) -> dict[str, Any]:
    """Write one archive. Returns its sentences, its thresholds and what the model says."""
    encoded = [tokenizer.encode_batch(texts) for texts in sentences]
    layout = tokenizer.layout(len(labels) == 2)
    inputs = [
        build_input(ids[0], ids[1] if len(ids) == 2 else None, layout=layout, max_tokens=MAX_TOKENS)
        for ids in encoded
    ]
    runtime = lower(tiny_runtime(tokenizer, len(labels), 0.0, backbone), dtype)
    best, second, *_ = spread_thresholds(exit_entropies(runtime, inputs))
    points = [
        OperatingPoint("2", 2.0, best, 2.1, 0.8),
        OperatingPoint("1.5", 1.5, second, 1.6, None),
        OperatingPoint("cautious", None, 0.01, 1.1, 0.9),
    ]
    points = points if len(labels) > 2 else []
    default = best if points else 0.0
    runtime = lower(tiny_runtime(tokenizer, len(labels), default, backbone), dtype)
    metadata = replace(describe(tokenizer, labels, points, default), backbone=backbone, dtype=dtype)
    save_archive(runtime, metadata, tokenizer.files, path)
    if path.stem == "single":
        save_variants(runtime, metadata, tokenizer.files, path.parent)
    runs = [
        {"threshold": tau, "predictions": predict(runtime, inputs, labels, tau)}
        for tau in (None, 0.0, best, second, 100.0)
    ]
    return {
        "sentences": sentences,
        "inputs": inputs,
        "runs": runs,
        "metadata": json.loads(metadata.to_json()),
    }


def save_variants(
    runtime: EarlyExitRuntime, metadata: ArchiveMetadata, files: dict[str, bytes], folder: Path
) -> None:
    """Write archives that a reader has to refuse, and one without a tokenizer."""
    save_archive(runtime, replace(metadata, tokenizer=None), {}, folder / "tokens_only.pt")
    save_archive(runtime, replace(metadata, format_version=99), files, folder / "newer.pt")
    save_archive(runtime, metadata, {}, folder / "lost_files.pt")
    promising = replace(metadata, vocab_size=metadata.vocab_size + 100)  # more than the model knows
    save_archive(runtime, promising, files, folder / "promising.pt")
    lying = replace(metadata, dtype="bfloat16")
    save_archive(runtime, lying, files, folder / "other_dtype.pt")
    bare = replace(metadata, tokenizer=None).to_json()
    for name, module in foreign_modules().items():
        script = torch.jit.script(module.eval())
        torch.jit.save(script, folder / f"{name}.pt", _extra_files={"metadata.json": bare})
    torch.jit.save(torch.jit.script(runtime), folder / "no_metadata.pt")
    torch.save({"weights": torch.zeros(3)}, folder / "checkpoint.pt")
    (folder / "text.pt").write_text("This is no archive.\n", encoding="utf-8")
    content = (folder / "single.pt").read_bytes()
    (folder / "truncated.pt").write_bytes(content[: len(content) // 2])


def main() -> None:
    """Write everything into the folder that the command line names."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    expected = {
        "single": write_archive(
            folder / "single.pt",
            byte_level_bpe(fairseq_files=True),
            ["negative", "neutral", "positive"],
            [[text] for text in TEXTS],
        ),
        "pair": write_archive(
            folder / "pair.pt",
            byte_level_bpe(fairseq_files=False),
            ["not_equivalent", "equivalent"],
            [list(pair) for pair in PAIRS],
        ),
        "bert_pair": write_archive(
            folder / "bert_pair.pt",
            word_piece(),
            ["not_equivalent", "equivalent"],
            [list(pair) for pair in PAIRS],
        ),
        "mpnet_pair": write_archive(
            folder / "mpnet_pair.pt",
            mpnet_word_piece(),
            ["not_equivalent", "equivalent"],
            [list(pair) for pair in PAIRS],
            backbone="mpnet",
        ),
        "sentencepiece": write_archive(
            folder / "sentencepiece.pt",
            sentence_piece(),
            ["not_equivalent", "equivalent"],
            [list(pair) for pair in PAIRS],
        ),
        "bfloat16": write_archive(
            folder / "bfloat16.pt",
            byte_level_bpe(fairseq_files=True),
            ["negative", "neutral", "positive"],
            [[text] for text in TEXTS],
            dtype="bfloat16",
        ),
    }
    (folder / "expected.json").write_text(json.dumps(expected, indent=1), encoding="utf-8")


if __name__ == "__main__":
    with torch.inference_mode():
        main()
