"""`export/to_onnx.py` as a person runs it, and `calibrate --archive` on what it writes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from pf_fairseq.artefact.loading import load_archive
from pf_fairseq.artefact.onnx_model import load_onnx
from pf_fairseq.cli.main import main
from pf_fairseq.text.data_bin import load_split
from pf_fairseq.text.inputs import pad_batch
from pf_fairseq.text.task import TaskDescription

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

SCRIPT = Path(__file__).parent.parent.parent / "export" / "to_onnx.py"


def run(command: str, *options: object) -> int:
    return main([command, *map(str, options)])


def script(*options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def model(tiny_checkpoint: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model, its points beside it, and an archive with the same."""
    folder = tmp_path_factory.mktemp("onnx")
    source = ["--checkpoint", tiny_checkpoint.path, "--data", tiny_checkpoint.data]
    points = folder / "points.json"
    exits = ["--min-exit-layer", 2]
    assert run("calibrate", *source, *exits, "--speedup", "1.5", "1", "--output", points) == 0
    given = [*source, "--operating-points", points]
    assert run("export", *given, "--output", folder / "model.pt") == 0
    done = script(*given, "--output", folder / "model.onnx")
    assert done.returncode == 0, done.stderr
    assert "same exits, in batches too" in done.stdout
    assert "operating points: 1.5 (threshold " in done.stdout
    return folder / "model.onnx"


def test_it_answers_as_the_archive_at_every_point(model: Path, tiny_checkpoint: Any) -> None:
    archive, found = load_archive(model.with_name("model.pt")), load_onnx(model)
    assert found.metadata.operating_points == archive.metadata.operating_points
    task = TaskDescription.read(tiny_checkpoint.data)
    sentences = load_split(tiny_checkpoint.data, "valid", task).sentences
    for point in found.metadata.operating_points:
        threshold = torch.tensor(point.threshold)
        for sentence in sentences:
            tokens = pad_batch([sentence], found.metadata.special_tokens["pad"])
            ours, theirs = found.module(tokens, threshold), archive.module(tokens, threshold)
            assert torch.equal(ours[1], theirs[1])
            assert torch.equal(ours[0].argmax(), theirs[0].argmax())


def test_points_can_be_chosen_with_that_very_file(
    model: Path, tiny_checkpoint: Any, tmp_path: Path
) -> None:
    output, source = tmp_path / "own.json", ["--data", tiny_checkpoint.data, "--archive", model]
    assert run("calibrate", *source, "--speedup", "1.5", "--output", output) == 0
    own = json.loads(output.read_text())
    chosen = json.loads(model.with_name("points.json").read_text())
    assert own["min_exit_layer"] == 2 and own["dtype"] == "float32"
    assert own["checkpoint_sha256"] == chosen["checkpoint_sha256"]
    threshold = own["operating_points"][0]["threshold"]
    assert threshold == pytest.approx(chosen["operating_points"][0]["threshold"], rel=1e-4)


def test_bad_flags(model: Path, tiny_checkpoint: Any, tmp_path: Path) -> None:
    source = ["--checkpoint", tiny_checkpoint.path, "--data", tiny_checkpoint.data]
    done = script(*source, "--output", tiny_checkpoint.path)
    assert done.returncode == 2 and "`--output" in done.stderr
    done = script(*source, "--output", tmp_path / "m.onnx", "--dtype", "int4")
    assert done.returncode == 2 and "invalid choice: 'int4'" in done.stderr
    source = ["--data", tiny_checkpoint.data, "--archive", model, "--device", "meta"]
    assert run("calibrate", *source, "--speedup", "1", "--output", tmp_path / "p.json") == 2
