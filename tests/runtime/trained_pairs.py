"""A model that fairseq trained for two steps on pairs of texts, with whatever tokenizer."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from pf_fairseq import EarlyExitClassifier
from pf_fairseq.artefact.loading import load_archive
from pf_fairseq.cli import preprocess
from pf_fairseq.cli.program import Parser, run_program
from pf_fairseq.text.data_bin import load_split
from pf_fairseq.trained.exporting import ExportOptions, export_archive
from pf_fairseq.trained.loading import TrainedModel, load_trained_model
from tests.fairseq.commands import LOGGING, MODEL, OPTIMIZER, run, script, user_dir
from tests.text.small_bpe import write_files
from tests.tiny_data import write_corpus
from tests.tolerances import BATCHED


def train_on_pairs(
    folder: Path, kind: str, files: Mapping[str, bytes], *, max_tokens: int
) -> TrainedModel:
    """Preprocess the tiny corpus and train; the initial token alone is added, no separator."""
    write_corpus(folder, pair=True)
    tokenizer = write_files(folder / "tokenizer", dict(files))
    options = ["--train", folder / "train.tsv", "--valid", folder / "valid.tsv"]
    options += ["--text-column", 0, "--text-pair-column", 1, "--label-column", 2]
    options += ["--tokenizer", kind, "--tokenizer-dir", tokenizer, "--max-tokens", max_tokens]
    parser = Parser(prog="pf-fairseq preprocess")
    preprocess.add_arguments(parser)
    arguments = [str(each) for each in [*options, "--output", folder / "bin"]]
    assert run_program(parser, preprocess.run, arguments) == 0
    flags = ["--task", "sentence_prediction", "--num-classes", "2", "--init-token", "0"]
    flags += [*MODEL, *OPTIMIZER, *LOGGING, "--max-update", "2", "--disable-validation"]
    flags += ["--user-dir", str(user_dir(folder)), "--save-dir", str(folder / "checkpoints")]
    done = run(script("fairseq-train"), str(folder / "bin"), *flags, cwd=folder)
    assert done.status == 0, done.stderr
    return load_trained_model(folder / "checkpoints" / "checkpoint_last.pt")


def write_archive(trained: TrainedModel, folder: Path) -> Path:
    """Export the model; full depth is its default."""
    path = folder / "model.pt"
    export_archive(trained, ExportOptions(), path)
    return path


def valid_pairs(trained: TrainedModel) -> list[tuple[str, str]]:
    """Read the pairs of the valid split."""
    lines = (trained.data.parent / "valid.tsv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [line.split("\t") for line in lines]
    return [(first, second) for first, second, _ in rows]


def assert_classifies_like_the_model(trained: TrainedModel, archive_path: Path) -> None:
    """Text through the archive and the data-bin through the model give the same logits."""
    sentences = load_split(trained.data, "valid", trained.task).sentences
    predictions = EarlyExitClassifier.load(archive_path).predict(valid_pairs(trained))
    with torch.no_grad():
        for tokens, prediction in zip(sentences, predictions, strict=True):
            logits = trained.model.exit_logits(torch.tensor([tokens]))[0, -1]
            assert prediction.logits == pytest.approx(logits.tolist(), abs=BATCHED["atol"])


def assert_classifies_a_text_without_tokens(archive_path: Path) -> None:
    """Blanks alone are the special tokens alone."""
    classifier = EarlyExitClassifier.load(archive_path)
    blank, other = classifier.predict([(" ", "\u200b"), ("warm", "soup")])
    logits, _, _ = load_archive(archive_path).module(torch.tensor([[0, 2, 2]]))
    assert blank.logits == pytest.approx(logits[0].tolist(), abs=BATCHED["atol"])
    assert blank.logits != other.logits
