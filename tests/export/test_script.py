"""`export/script.py` as a person runs it."""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from pf_fairseq.artefact.loading import load_archive
from pf_fairseq.cli.export import DTYPES as OFFERED
from pf_fairseq.cli.main import main
from pf_fairseq.cli.program import run_program
from pf_fairseq.runtime.lowering import DTYPES

SCRIPT = Path(__file__).parent.parent.parent / "export" / "script.py"
POINT = {"name": "2", "target_speedup": 2.0, "threshold": 0.5, "speedup": 2.0, "accuracy": 0.8}
UNREACHED = {"name": "9", "target_speedup": 9.0, "threshold": None, "reason": "too fast"}
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def script() -> Any:
    """The program as a module: a process for each case would take seconds."""
    spec = importlib.util.spec_from_file_location("export_script", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run(script: Any, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the program in this process; gives status, stdout and stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            status = run_program(script.build_parser(), script.run, [str(a) for a in arguments])
        except SystemExit as error:
            status = int(error.code or 0)
        output = capsys.readouterr()
        return status, output.out, output.err

    return call


def assert_refused(result: tuple[int, str, str], message: str) -> None:
    status, out, err = result
    assert status == 2 and out == ""
    assert err.count("\n") == 1 and err.startswith("export/script.py: ")
    assert message in err


def test_a_real_process(tiny_checkpoint: Any, tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), "--checkpoint", str(tiny_checkpoint.path)]
    done = subprocess.run(
        [*command, "--output", "new/folder/model.pt"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0].startswith("wrote new/folder/model.pt (0.")
    assert lines[1].startswith(
        "compared with the model on 60 sentences at 1 threshold(s): same exits, in batches"
    )
    assert lines[2] == "operating points: none; default: full depth"
    assert os.listdir(tmp_path / "new" / "folder") == ["model.pt"]
    module = torch.jit.load(tmp_path / "new" / "folder" / "model.pt")
    assert module(torch.tensor([[0, 5, 6, 2]]))[1].tolist() == [4]


def test_a_real_process_that_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), "--checkpoint", "none.pt", "--output", "model.pt"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert_refused(
        (done.returncode, done.stdout, done.stderr), "checkpoint `none.pt` does not exist"
    )
    assert os.listdir(tmp_path) == []


def test_help(run: Run) -> None:
    status, out, err = run("--help")
    assert status == 0 and err == ""
    for flag in ("--checkpoint", "--output", "--data", "--operating-points", "--no-tokenizer"):
        assert flag in out


@pytest.mark.parametrize("report", [False, True], ids=["calibrated", "report"])
def test_operating_points(report: bool, run: Run, tiny_checkpoint: Any, tmp_path: Path) -> None:
    content: dict[str, Any] = {
        "format_version": 2,
        "task": "custom",
        "policy": {"name": "entropy", "parameter_unit": "nats", "sign": -1, "never": 0.0},
        "checkpoint_sha256": hashlib.sha256(tiny_checkpoint.path.read_bytes()).hexdigest(),
        "dtype": "float32",
        "min_exit_layer": 1,
        "check_interval": 1,
        "split": "valid",
        "operating_points": [POINT, UNREACHED],
    }
    if not report:
        content.update(default="2")
    (tmp_path / "points.json").write_text(json.dumps(content))
    output = tmp_path / "model.pt"
    arguments = ["--checkpoint", tiny_checkpoint.path, "--output", output]
    status, out, err = run(*arguments, "--operating-points", tmp_path / "points.json")
    assert (status, err) == (0, "")
    assert "operating points: 2 (threshold 0.5); default: 2" in out
    metadata = load_archive(output).metadata
    assert [point.name for point in metadata.operating_points] == ["2"]
    assert (metadata.default, metadata.default_threshold) == ("2", 0.5)


def test_flags_reach_the_archive(run: Run, tiny_checkpoint: Any, tmp_path: Path) -> None:
    output = tmp_path / "model.pt"
    flags = ["--min-exit-layer", 2, "--check-interval", 3, "--no-tokenizer", "--device", "cpu"]
    data = ["--data", tiny_checkpoint.data, "--dtype", "float32"]
    status, _, err = run("--checkpoint", tiny_checkpoint.path, "--output", output, *flags, *data)
    assert (status, err) == (0, "")
    archive = load_archive(output)
    assert (archive.metadata.min_exit_layer, archive.metadata.check_interval) == (2, 3)
    assert archive.metadata.tokenizer is None and archive.files == {}


def test_every_dtype_is_offered() -> None:
    assert tuple(DTYPES) == OFFERED


def test_bfloat16(run: Run, tiny_checkpoint: Any, tmp_path: Path) -> None:
    output, points = tmp_path / "model.pt", tmp_path / "points.json"
    source = ["--checkpoint", tiny_checkpoint.path, "--data", tiny_checkpoint.data]
    calibrate = ["calibrate", *source, "--speedup", "2", "1", "--output", points]
    assert main([str(each) for each in calibrate]) == 0
    lowered = ["--dtype", "bfloat16", "--operating-points", points]
    status, out, _ = run(*source, *lowered, "--output", output)
    assert status == 0
    assert "operating points 2, 1: chosen for float32, so chosen anew for bfloat16 on valid" in out
    assert "labels equal to those of float32 on " in out
    metadata = load_archive(output).metadata
    assert metadata.dtype == "bfloat16" and metadata.label_agreement is not None
    assert f"full depth {100 * metadata.label_agreement.full_depth:.2f} %" in out
    assert metadata.label_agreement.points.keys() == {"2", "1"}
    size = {each: each.stat().st_size for each in (output, tiny_checkpoint.path)}
    assert size[output] < 0.5 * size[tiny_checkpoint.path]
    # Chosen with that very archive, its points are taken as they are.
    own = ["calibrate", "--archive", output, "--data", tiny_checkpoint.data, "--speedup", "1.5"]
    assert main([*map(str, own), "--output", str(points)]) == 0
    status, out, _ = run(*source, *lowered, "--output", tmp_path / "again.pt")
    assert status == 0 and "chosen anew" not in out
    (point,) = json.loads(points.read_text())["operating_points"]
    assert load_archive(tmp_path / "again.pt").metadata.threshold_for(1.5) == point["threshold"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "the following arguments are required: --checkpoint, --output"),
        (["--data", "gone"], "data `gone` is not there or holds no task.json; give the folder"),
        (["--operating-points", "gone.json"], "operating points `gone.json` cannot be read"),
        (["--operating-points", SCRIPT], "holds no operating points"),
        (["--min-exit-layer", 5], "must be between 1 and the 4 layers of the model, but is 5"),
        (["--check-interval", 0], "`--check-interval` must be at least 1, but is 0 instead"),
        (["--check-interval", "x"], "argument --check-interval: invalid int value: 'x'"),
        (["--dtype", "int4"], "argument --dtype: invalid choice: 'int4'"),
        (["--colour"], "unrecognized arguments: --colour"),
    ],
)
def test_bad_flags(
    flags: list[object], message: str, run: Run, tiny_checkpoint: Any, tmp_path: Path
) -> None:
    required = ["--checkpoint", tiny_checkpoint.path, "--output", tmp_path / "model.pt"]
    assert_refused(run(*(required if flags else []), *flags), message)
    assert os.listdir(tmp_path) == []


def test_points_of_format_1_and_of_another_checkpoint(
    run: Run, tiny_checkpoint: Any, tmp_path: Path
) -> None:
    path = tmp_path / "points.json"
    arguments = ["--checkpoint", tiny_checkpoint.path, "--output", tmp_path / "model.pt"]
    old = {"format_version": 1, "task": "custom", "default": "2", "operating_points": [POINT]}
    path.write_text(json.dumps(old))
    status, out, _ = run(*arguments, "--operating-points", path)
    assert status == 0 and "operating points: 2 (threshold 0.5); default: 2" in out
    other = {
        **old,
        "format_version": 2,
        "policy": {"name": "entropy", "parameter_unit": "nats", "sign": -1, "never": 0.0},
        "checkpoint_sha256": "f" * 64,
        "dtype": "float32",
        "min_exit_layer": 1,
        "check_interval": 1,
        "split": "valid",
    }
    path.write_text(json.dumps(other))
    before = (tmp_path / "model.pt").read_bytes()
    result = run(*arguments, "--operating-points", path)
    assert_refused(result, "was made for the checkpoint 'fff")
    assert (tmp_path / "model.pt").read_bytes() == before


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_gpu_that_is_not_there(run: Run, tiny_checkpoint: Any, tmp_path: Path) -> None:
    arguments = ["--checkpoint", tiny_checkpoint.path, "--output", tmp_path / "m.pt"]
    assert_refused(
        run(*arguments, "--device", "cuda"), "`--device` must be a device that this machine"
    )


def test_outputs_that_cannot_be_written(run: Run, tiny_checkpoint: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    arguments = ["--checkpoint", tiny_checkpoint.path, "--output"]
    result = run(*arguments, tmp_path / "file" / "model.pt")
    assert_refused(result, "file` is a file, but a folder is to be written there")
    assert_refused(run(*arguments, tmp_path), "is a folder, but a file is to be written there")
    assert os.listdir(tmp_path) == ["file"]


def test_files_that_are_no_checkpoint_of_ours(run: Run, tmp_path: Path) -> None:
    output = ["--output", tmp_path / "model.pt"]
    path = tmp_path / "checkpoint.pt"
    torch.save({"model": {}, "cfg": {"model": {"_name": "roberta_base"}}}, path)
    result = run("--checkpoint", path, *output)
    assert_refused(result, "has no exits (its architecture is 'roberta_base'); train with")
    torch.save({"model": {}, "cfg": {"model": {"_name": "past_future_x"}, "task": {}}}, path)
    result = run("--checkpoint", path, *output)
    assert_refused(result, "'past_future_x', which this version does not know; install the version")
    torch.save({"weights": 1}, path)
    assert_refused(run("--checkpoint", path, *output), "is not fairseq's: it has no `model` entry")
    torch.jit.script(torch.nn.Linear(1, 1)).save(path)
    assert_refused(run("--checkpoint", path, *output), "is an exported archive; give the")


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("input0/dict.txt", "input0/dict.txt` cannot be read ("),
        ("label/dict.txt", "label/dict.txt` cannot be read ("),
        ("tokenizer", "The tokenizer folder `"),
        ("task.json", "is not there or holds no task.json"),
    ],
)
def test_data_that_is_not_whole(
    missing: str, message: str, run: Run, tiny_checkpoint: Any, tmp_path: Path
) -> None:
    data = tmp_path / "data-bin"
    shutil.copytree(tiny_checkpoint.data, data)
    shutil.rmtree(data / missing) if (data / missing).is_dir() else (data / missing).unlink()
    arguments = ["--checkpoint", tiny_checkpoint.path, "--output", tmp_path / "model.pt"]
    assert_refused(run(*arguments, "--data", data), message)
    assert not (tmp_path / "model.pt").exists()


def test_data_of_another_dictionary(run: Run, tiny_checkpoint: Any, tmp_path: Path) -> None:
    data = tmp_path / "data-bin"
    shutil.copytree(tiny_checkpoint.data, data)
    dictionary = data / "input0" / "dict.txt"
    dictionary.write_text("".join(dictionary.read_text().splitlines(keepends=True)[:-9]))
    arguments = ["--checkpoint", tiny_checkpoint.path, "--output", tmp_path / "model.pt"]
    assert_refused(
        run(*arguments, "--data", data), "the data has another dictionary (input0/dict.txt)"
    )
