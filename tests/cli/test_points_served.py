"""A speed-up that is promised is served, and points know what they were chosen with."""

import json
import logging
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import torch

from pf_fairseq import EarlyExitClassifier
from pf_fairseq.artefact.loading import load_archive
from pf_fairseq.cli.main import main
from pf_fairseq.errors import InputError
from pf_fairseq.recording.models import recordable
from pf_fairseq.recording.rows import divide, parse_calibration

if TYPE_CHECKING:
    from tests.conftest import TinyCheckpoint

FORMAT_1 = Path(__file__).parent.parent / "data" / "format_1"
EXITS = ("--min-exit-layer", "2", "--check-interval", "2")


def run(command: str, *options: object) -> int:
    return main([command, *map(str, options)])


def texts_of(tiny: "TinyCheckpoint") -> list[str]:
    lines = (tiny.data.parent / "valid.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return [line.split("\t")[0] for line in lines]


@pytest.fixture(scope="module", params=["entropy", "max_probability"])
def chain(
    request: pytest.FixtureRequest,
    tiny_checkpoint: "TinyCheckpoint",
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Points chosen with other exits than all, and the archive made with them."""
    folder = tmp_path_factory.mktemp(f"chain_{request.param}")
    model = ["--checkpoint", tiny_checkpoint.path, "--data", tiny_checkpoint.data]
    points = ["--output", folder / "points.json", "--exit-policy", request.param]
    assert run("calibrate", *model, *points, *EXITS, "--speedup", "1.3", "1") == 0
    export = ["--operating-points", folder / "points.json", "--output", folder / "model.pt"]
    assert run("export", *model, *export) == 0
    return folder


def test_what_is_promised_is_served(chain: Path, tiny_checkpoint: "TinyCheckpoint") -> None:
    content = json.loads((chain / "points.json").read_text(encoding="utf-8"))
    (promised, _) = content["operating_points"]
    texts = texts_of(tiny_checkpoint)
    from_archive = EarlyExitClassifier.load(chain / "model.pt")
    from_checkpoint = EarlyExitClassifier.load(
        tiny_checkpoint.path, tiny_checkpoint.data, operating_points=chain / "points.json"
    )
    for classifier in (from_archive, from_checkpoint):
        assert (classifier.metadata.min_exit_layer, classifier.metadata.check_interval) == (2, 2)
        assert classifier.metadata.policy.to_dict() == content["policy"]
        for answers in (classifier.predict(texts, speedup=1.3), classifier.predict(texts)):
            exits = [answer.exit_layer for answer in answers]
            assert set(exits) <= {2, 4}
            assert 4 * len(exits) / sum(exits) == pytest.approx(promised["speedup"])
            assert promised["speedup"] >= 1.3
        full = classifier.predict(texts, speedup=1)
        assert {answer.exit_layer for answer in full} == {4}


def test_a_policy_that_this_version_lacks_is_named(
    chain: Path,
    tiny_checkpoint: "TinyCheckpoint",
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    content = json.loads((chain / "points.json").read_text(encoding="utf-8"))
    source = ["--checkpoint", tiny_checkpoint.path, "--data", tiny_checkpoint.data]
    for changes, message in (
        ({"name": "patience"}, "points exits by the policy 'patience', which this version cannot"),
        ({"parameter_unit": "bits"}, f"points describes the policy '{content['policy']['name']}'"),
    ):
        points = tmp_path / "points.json"
        points.write_text(json.dumps({**content, "policy": {**content["policy"], **changes}}))
        export = ["--operating-points", points, "--output", tmp_path / "model.pt"]
        assert run("export", *source, *export) == 2
        assert message in capsys.readouterr().err
    assert not (tmp_path / "model.pt").exists()


def test_an_archive_of_another_policy_serves_but_cannot_be_recorded(
    chain: Path,
    tiny_checkpoint: "TinyCheckpoint",
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    content = torch._C.PyTorchFileReader(str(chain / "model.pt"))
    metadata = json.loads(content.get_record("extra/metadata.json"))
    metadata["policy"]["name"] = "patience"
    path = rewritten(chain / "model.pt", tmp_path / "model.pt", metadata)
    assert EarlyExitClassifier.load(path).predict(["soup"])[0].exit_layer > 0
    source = ["--archive", path, "--data", tiny_checkpoint.data]
    assert run("evaluate", *source, "--output", tmp_path / "out") == 2
    message = f"archive `{path}` exits by the policy 'patience', which this version cannot compute"
    assert message in capsys.readouterr().err


def rewritten(source: Path, target: Path, metadata: dict[str, Any]) -> Path:
    """Write the archive again with other metadata."""
    found = {name: "" for name in ("metadata.json", *metadata["tokenizer"]["files"])}
    module = torch.jit.load(source, _extra_files=found)
    torch.jit.save(module, target, _extra_files={**found, "metadata.json": json.dumps(metadata)})
    return target


def test_an_archive_with_what_is_promised_alone_is_recorded(
    chain: Path, tiny_checkpoint: "TinyCheckpoint", tmp_path: Path
) -> None:
    """`exit_logits` is in the contract, `record_exits` is ours."""
    archive = load_archive(chain / "model.pt")
    assert isinstance(archive.module.record_exits, torch._C.ScriptMethod)
    bare = SimpleNamespace(exit_logits=archive.module.exit_logits)
    tokens = torch.tensor([[0, 5, 2]])
    logits, evidence = recordable(bare).record_exits(tokens)
    assert torch.equal(logits, archive.module.exit_logits(tokens))
    assert evidence.shape == (1, 4, 0)
    assert recordable(archive.module) is archive.module


def test_the_archive_knows_the_rows_of_its_points(chain: Path) -> None:
    assert load_archive(chain / "model.pt").metadata.split == "valid"


def test_an_archive_is_evaluated_as_it_serves(
    chain: Path, tiny_checkpoint: "TinyCheckpoint", tmp_path: Path
) -> None:
    source = ["--archive", chain / "model.pt", "--data", tiny_checkpoint.data]
    assert run("evaluate", *source, "--output", tmp_path / "out", "--speedups", "1.3") == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    points = json.loads((chain / "points.json").read_text(encoding="utf-8"))
    for name in ("policy", "checkpoint_sha256", "dtype", "min_exit_layer", "check_interval"):
        assert report[name] == points[name]
    found, chosen = report["operating_points"][0], points["operating_points"][0]
    assert found["threshold"] == pytest.approx(chosen["threshold"], rel=1e-4)
    assert found["speedup"] == chosen["speedup"]
    assert run("calibrate", *source, "--speedup", "1.3", "--output", tmp_path / "again.json") == 0
    classifier = EarlyExitClassifier.load(
        chain / "model.pt", operating_points=tmp_path / "again.json"
    )
    assert [point.name for point in classifier.metadata.operating_points] == ["1.3"]


def test_exits_that_the_points_were_not_chosen_with(
    chain: Path, tiny_checkpoint: "TinyCheckpoint", capsys: pytest.CaptureFixture[str]
) -> None:
    model = ["--checkpoint", tiny_checkpoint.path, "--operating-points", chain / "points.json"]
    output = chain / "other.pt"
    assert run("export", *model, "--min-exit-layer", 1, "--output", output) == 2
    message = "`--min-exit-layer` must be 2, with which the operating points were chosen, but is 1"
    assert message in capsys.readouterr().err and not output.exists()


def test_choosing_and_reporting_rows_stand_apart(
    tiny_checkpoint: "TinyCheckpoint", tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = ["--checkpoint", tiny_checkpoint.path, "--data", tiny_checkpoint.data]
    sizes = {"valid:0.25": (45, 15), "train": (60, 200), "train:0.1": (60, 20)}
    for split, (reported, choosing) in sizes.items():
        output = tmp_path / split.replace(":", "_")
        options = ["--output", output, "--calibration-split", split, "--speedups", "1.2"]
        assert run("evaluate", *model, *options) == 0
        report = json.loads((output / "report.json").read_text(encoding="utf-8"))
        assert (report["n_examples"], report["calibration"]["n_examples"]) == (reported, choosing)
        assert report["split"] == split and report["reported_split"].startswith("valid")
        (point,), (chosen,) = report["operating_points"], report["calibration"]["operating_points"]
        assert point["threshold"] == chosen["threshold"] and chosen["speedup"] >= 1.2
        table = capsys.readouterr().out
        assert f"{reported} sentences of {report['reported_split']}" in table
        assert f"thresholds chosen on {choosing} other sentences ({split})" in table


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ("valid", "leaves no row of `--split valid` to report on; give a fraction"),
        ("valid:1", "leaves no row of `--split valid` to report on"),
        ("valid:2", "must be a split, or a split and a fraction between 0 and 1"),
        ("valid:x", "but is 'valid:x' instead"),
        ("valid:nan", "but is 'valid:nan' instead"),
        (":0.5", "but is ':0.5' instead"),
        ("valid:0.001", "takes 0 of 60 rows, but must take at least one and leave one"),
        ("gone", "has no split `gone`; it has train, valid"),
    ],
)
def test_calibration_splits_that_make_no_sense(
    split: str,
    message: str,
    tiny_checkpoint: "TinyCheckpoint",
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = ["--checkpoint", tiny_checkpoint.path, "--data", tiny_checkpoint.data]
    options = ["--output", tmp_path / "out", "--calibration-split", split]
    assert run("evaluate", *model, *options) == 2
    assert message in capsys.readouterr().err


def test_rows_are_drawn_once_for_all() -> None:
    choice = parse_calibration("valid:0.3", "valid")
    assert choice is not None
    chosen, rest = divide(1000, choice)
    assert chosen.tolist() == divide(1000, choice)[0].tolist()
    assert len(chosen) == 300
    assert sorted([*chosen.tolist(), *rest.tolist()]) == list(range(1000))
    assert chosen.tolist() != list(range(300)), "spread over the split, not its beginning"


def test_data_of_another_dictionary_is_refused_for_an_archive(
    chain: Path, tiny_checkpoint: "TinyCheckpoint", tmp_path: Path, capsys: Any
) -> None:
    data = tmp_path / "bin"
    shutil.copytree(tiny_checkpoint.data, data)
    lines = (data / "input0" / "dict.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    lines[7], lines[8] = lines[8], lines[7]
    (data / "input0" / "dict.txt").write_text("".join(lines), encoding="utf-8")
    options = ["--data", data, "--output", tmp_path / "out"]
    assert run("evaluate", "--archive", chain / "model.pt", *options) == 2
    assert "the data has another dictionary (input0/dict.txt)" in capsys.readouterr().err


def test_an_archive_of_format_1_cannot_be_evaluated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--data", FORMAT_1 / "data-bin", "--output", tmp_path / "out"]
    assert run("evaluate", "--archive", FORMAT_1 / "model.pt", *options) == 2
    error = capsys.readouterr().err
    assert "has format 1, which does not give the logits of every exit; export the" in error
    assert error.count("\n") == 1


def test_points_of_format_1_are_taken_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        classifier = EarlyExitClassifier.load(
            FORMAT_1 / "checkpoint.pt",
            FORMAT_1 / "data-bin",
            operating_points=FORMAT_1 / "operating_points.json",
        )
    assert "nothing could be compared" in caplog.text
    assert [point.name for point in classifier.metadata.operating_points] == ["1.5", "2"]
    assert classifier.metadata.default == "1.5"


def test_points_beside_a_checkpoint(
    tiny_checkpoint: "TinyCheckpoint", tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoint, beside = tmp_path / "checkpoint.pt", tmp_path / "operating_points.json"
    shutil.copy(tiny_checkpoint.path, checkpoint)
    texts = texts_of(tiny_checkpoint)
    with pytest.raises(InputError, match="there are: none.*`pf-fairseq calibrate`"):
        EarlyExitClassifier.load(checkpoint).predict(texts, speedup=1.2)
    model = ["--checkpoint", checkpoint, "--data", tiny_checkpoint.data]
    assert run("calibrate", *model, "--speedup", "1.2", "--output", beside) == 0
    assert len(EarlyExitClassifier.load(checkpoint).predict(texts, speedup=1.2)) == len(texts)
    content = json.loads(beside.read_text(encoding="utf-8"))
    for damaged in (
        json.dumps({**content, "checkpoint_sha256": "f" * 64}),
        "[" * 100_000,
        json.dumps({**content, "format_version": 1}),
        json.dumps({**content, "operating_points": [{"name": "2", "threshold": 10**400}]}),
    ):
        beside.write_text(damaged, encoding="utf-8")
        with pytest.raises(InputError, match="there are: none.*`pf-fairseq calibrate`"):
            EarlyExitClassifier.load(checkpoint).predict(texts, speedup=1.2)


def test_the_archive_module_serves_its_default(chain: Path) -> None:
    archive = load_archive(chain / "model.pt")
    tokens = torch.tensor([[0, 9, 2], [0, 12, 2]])
    chosen = torch.tensor(archive.metadata.default_threshold)
    assert torch.equal(archive.module(tokens)[1], archive.module(tokens, chosen)[1])
