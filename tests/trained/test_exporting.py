"""From a trained checkpoint to an archive that was compared before it counts."""

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from pf_fairseq import EarlyExitClassifier
from pf_fairseq.artefact.loading import load_archive
from pf_fairseq.errors import InputError
from pf_fairseq.exiting.point import OperatingPoint, PointOrigin, PointSet
from pf_fairseq.exiting.policy import choose_exits
from pf_fairseq.methods.past_future import PastFutureMethod
from pf_fairseq.modules.entropy import exit_entropy
from pf_fairseq.modules.policies import EntropyPolicy
from pf_fairseq.text.data_bin import load_split
from pf_fairseq.text.fingerprint import DataFingerprint
from pf_fairseq.text.inputs import pad_batch
from pf_fairseq.text.tokenizer import load_tokenizer
from pf_fairseq.trained.exporting import (
    ExportOptions,
    build_metadata,
    build_runtime,
    export_archive,
)
from pf_fairseq.trained.loading import TrainedModel, load_trained_model
from tests.exiting.scores import scores_of
from tests.tolerances import BATCHED, EXIT_MARGIN

POINTS = [OperatingPoint("1.5", 1.5, 0.3, 1.5, 0.9), OperatingPoint("2", 2.0, 0.5, 2.1, None)]
OPTIONS = ExportOptions(PointSet(POINTS, "2", None))


@pytest.fixture(scope="module")
def trained(tiny_checkpoint: Any) -> TrainedModel:
    return load_trained_model(tiny_checkpoint.path, tiny_checkpoint.data)


@pytest.fixture(scope="module")
def archive_path(trained: TrainedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "model.pt"
    export_archive(trained, OPTIONS, path)
    return path


def test_exits_and_logits_are_those_of_the_trained_model(
    trained: TrainedModel, archive_path: Path
) -> None:
    module = load_archive(archive_path).module
    tokens = pad_batch(load_split(trained.data, "valid", trained.task).sentences, trained.pad_id)
    with torch.no_grad():
        every_exit = trained.model.exit_logits(tokens)
    entropies = exit_entropy(every_exit)
    for tau in (0.0, 0.2, 0.4, 0.6):
        clear = ((entropies - tau).abs() > EXIT_MARGIN).all(dim=1)
        logits, exit_layer, entropy = module(tokens, torch.tensor(tau))
        assert torch.equal(exit_layer[clear], choose_exits(scores_of(entropies), tau)[clear])
        rows = torch.arange(len(tokens))
        torch.testing.assert_close(logits, every_exit[rows, exit_layer - 1], **BATCHED)
        torch.testing.assert_close(entropy, entropies[rows, exit_layer - 1], **BATCHED)
    _, at_default, _ = module(tokens)
    assert torch.equal(at_default, module(tokens, torch.tensor(0.5))[1])


def test_metadata(trained: TrainedModel, archive_path: Path) -> None:
    found: dict[str, Any] = {"metadata.json": ""}
    torch.jit.load(archive_path, _extra_files=found)
    content = json.loads(found["metadata.json"])
    task = json.loads((trained.data / "task.json").read_text())
    checkpoint = hashlib.sha256(trained.checkpoint.read_bytes()).hexdigest()
    dictionary = (trained.data / "input0" / "dict.txt").read_text().splitlines()
    fingerprint = DataFingerprint.of_data_bin(trained.data)
    versions = content.pop("versions")
    assert versions["torch"] == torch.__version__
    assert versions.keys() == {"pf_fairseq", "torch", "fairseq", "python"}
    assert content == {
        "format_version": 2,
        "backbone": "roberta",
        "exit_method": "past_future",
        "policy": {"name": "entropy", "parameter_unit": "nats", "sign": -1, "never": 0.0},
        "task": task["task"],
        "labels": task["labels"],
        "pair": False,
        "n_layers": 4,
        "vocab_size": len(dictionary) + 5,
        "max_positions": 512,
        "max_tokens": 48,
        "special_tokens": task["special_tokens"],
        "init_token": 0,
        "separator_token": None,
        "dtype": "float32",
        "min_exit_layer": 1,
        "check_interval": 1,
        "operating_points": [asdict(point) for point in POINTS],
        "default": "2",
        "default_threshold": 0.5,
        "tokenizer": {
            "kind": "roberta",
            "files": ["merges.txt", "vocab.json"],
            "token_id_map": None,
            "special_pieces": {
                "bos": "<s>",
                "pad": "<pad>",
                "eos": "</s>",
                "unk": "<unk>",
                "mask": "<mask>",
            },
        },
        "data": {
            "dictionary_sha256": fingerprint.dictionary_sha256,
            "tokenizer_sha256": fingerprint.tokenizer_sha256,
        },
        "checkpoint_sha256": checkpoint,
        "split": None,
        "label_agreement": None,
    }


def test_tokenizer_files_are_copied_byte_for_byte(
    trained: TrainedModel, archive_path: Path
) -> None:
    files = load_archive(archive_path).files
    assert sorted(files) == ["merges.txt", "vocab.json"]
    for name, content in files.items():
        assert content == (trained.data / "tokenizer" / name).read_bytes()


def test_without_a_default_it_is_full_depth(trained: TrainedModel) -> None:
    options = ExportOptions(PointSet(POINTS, None, None))
    tokenizer = load_tokenizer("roberta", trained.data / "tokenizer")
    metadata = build_metadata(trained, options, tokenizer)
    assert (metadata.default, metadata.default_threshold) == (None, 0.0)
    assert build_runtime(trained, options).default_threshold == 0.0


def test_no_tokenizer(trained: TrainedModel, tmp_path: Path) -> None:
    options = ExportOptions(with_tokenizer=False)
    export_archive(trained, options, tmp_path / "model.pt")
    archive = load_archive(tmp_path / "model.pt")
    assert archive.metadata.tokenizer is None and archive.files == {}
    with pytest.raises(InputError, match="without a tokenizer, so it takes token ids only"):
        EarlyExitClassifier.load(tmp_path / "model.pt")


def test_where_exits_are_checked(trained: TrainedModel, tmp_path: Path) -> None:
    options = ExportOptions(PointSet(POINTS, "2", None), min_exit_layer=2, check_interval=2)
    comparison = export_archive(trained, options, tmp_path / "model.pt")
    archive = load_archive(tmp_path / "model.pt")
    assert (archive.metadata.min_exit_layer, archive.metadata.check_interval) == (2, 2)
    tokens = pad_batch([[0, 5, 2], [0, 6, 7, 2]], trained.pad_id)
    assert archive.module(tokens, torch.tensor(9.0))[1].tolist() == [2, 2]
    assert (comparison.n_sentences, comparison.n_thresholds) == (60, 3)  # 0 and both points


def origin_of(trained: TrainedModel, **changes: Any) -> PointOrigin:
    """What points for a model are chosen with, exits 3 and 5 (beyond the last) alone checked."""
    values: dict[str, Any] = {
        "task": trained.task.task,
        "policy": EntropyPolicy.description,
        "checkpoint_sha256": trained.sha256,
        "dtype": "float32",
        "min_exit_layer": 3,
        "check_interval": 2,
        "split": "valid",
    }
    return PointOrigin(**{**values, **changes})


def test_points_say_where_exits_are_checked(trained: TrainedModel, tmp_path: Path) -> None:
    points = PointSet(POINTS, "2", origin_of(trained))
    export_archive(trained, ExportOptions(points), tmp_path / "model.pt")
    archive = load_archive(tmp_path / "model.pt")
    assert (archive.metadata.min_exit_layer, archive.metadata.check_interval) == (3, 2)
    tokens = pad_batch([[0, 5, 2]], trained.pad_id)
    assert archive.module(tokens, torch.tensor(9.0))[1].tolist() == [3]
    agreeing = ExportOptions(points, min_exit_layer=3, check_interval=2)
    assert build_runtime(trained, agreeing) is not None
    message = "`--min-exit-layer` must be 3, with which the operating points were chosen, but is 1"
    with pytest.raises(InputError, match=message):
        build_runtime(trained, ExportOptions(points, min_exit_layer=1))
    with pytest.raises(InputError, match="`--check-interval` must be 2, .* but is 1 instead"):
        build_runtime(trained, ExportOptions(points, check_interval=1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_exit_layer": 0}, "must be between 1 and the 4 layers of the model, but is 0"),
        ({"min_exit_layer": 5}, "must be between 1 and the 4 layers of the model, but is 5"),
        ({"check_interval": 0}, "`--check-interval` must be at least 1, but is 0 instead"),
    ],
)
def test_options_that_make_no_sense(
    options: dict[str, int], message: str, trained: TrainedModel, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        export_archive(trained, ExportOptions(**options), tmp_path / "model.pt")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("what", ["logits", "exits"])
def test_an_archive_that_disagrees_is_not_written(
    what: str, trained: TrainedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = PastFutureMethod.steps

    def wrong_exits(method: Any, exits: nn.Module) -> nn.Module:
        folded: nn.Module = original(method, exits)
        for name, buffer in folded.named_buffers():
            if name == "start":
                buffer += 0.01 if what == "logits" else 2.0 * torch.arange(len(buffer))
        return folded

    monkeypatch.setattr(PastFutureMethod, "steps", wrong_exits)
    (tmp_path / "model.pt").write_text("an archive that was there before")
    # At full depth alone nobody can leave elsewhere: only the logits can tell.
    options = OPTIONS if what == "exits" else ExportOptions()
    with pytest.raises(RuntimeError, match="does not agree with the model.*nothing was written"):
        export_archive(trained, options, tmp_path / "model.pt")
    assert os.listdir(tmp_path) == ["model.pt"]
    assert (tmp_path / "model.pt").read_text() == "an archive that was there before"


def test_the_classifier_takes_the_checkpoint_as_well(
    trained: TrainedModel, archive_path: Path
) -> None:
    """Archive, checkpoint with its data, and checkpoint alone classify alike."""
    lines = (trained.data.parent / "valid.tsv").read_text(encoding="utf-8").splitlines()[1:]
    texts = [line.split("\t")[0] for line in lines]
    from_archive = EarlyExitClassifier.load(archive_path)
    with_data = EarlyExitClassifier.load(trained.checkpoint, trained.data)
    alone = EarlyExitClassifier.load(str(trained.checkpoint))
    for tau in (0.0, 0.35, 0.6):
        expected = from_archive.predict(texts, threshold=tau)
        for classifier in (with_data, alone):
            found = classifier.predict(texts, threshold=tau)
            for one, other in zip(found, expected, strict=True):
                assert (one.label, one.exit_layer) == (other.label, other.exit_layer)
                assert one.logits == pytest.approx(other.logits, abs=BATCHED["atol"])
    labels = [line.split("\t")[1] for line in lines]
    correct = sum(p.label == label for p, label in zip(expected, labels, strict=True))
    assert correct > 0.7 * len(texts), "labels are named in the task's order"
    with pytest.raises(InputError, match="there are: none. Choose thresholds"):
        alone.predict(texts, speedup=2)
    assert len(from_archive.predict(texts, speedup=2)) == len(texts)
