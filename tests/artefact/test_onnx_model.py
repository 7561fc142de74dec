"""ONNX models: the answers of the runtime that they were made of, for every kind and backbone."""

import json
import math
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from pf_fairseq.artefact.metadata import ArchiveMetadata
from pf_fairseq.artefact.onnx_model import OnnxModule, load_onnx, save_onnx
from pf_fairseq.backbones.catalogue import BACKBONES
from pf_fairseq.errors import InputError
from pf_fairseq.modules.exits import ExitOptions, PastFutureExits
from pf_fairseq.modules.policies import POLICIES, build_policy
from pf_fairseq.modules.steps.past_future import past_future_steps
from pf_fairseq.runtime.early_exit import EarlyExitRuntime
from tests.artefact.metadata_cases import build_metadata
from tests.modules.random_weights import randomise
from tests.reference.early_exit import leave
from tests.runtime.answers import check_result, threshold_between
from tests.runtime.tiny import (
    KINDS,
    MAX_POSITIONS,
    N_CLASSES,
    N_LAYERS,
    SHAPE,
    VOCAB_SIZE,
    build_runtime,
    draw_sentences,
    naive_answers,
    pad,
)
from tests.tolerances import BATCHED

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

SENTENCES = draw_sentences(17, seed=2)


def full_depth(**changes: object) -> ArchiveMetadata:
    return build_metadata(**{"default": None, "default_threshold": 0.0, **changes})


def as_onnx(runtime: EarlyExitRuntime, folder: Path) -> OnnxModule:
    save_onnx(runtime, full_depth(), folder / "model.onnx")
    return load_onnx(folder / "model.onnx").module


def backbone_runtime(backbone: str, policy: str) -> EarlyExitRuntime:
    description = BACKBONES[backbone]
    own = {each.flag: 5 for each in description.own_sizes}
    encoder = description.build(SHAPE, own)
    exits = PastFutureExits(SHAPE.hidden_dim, N_LAYERS, N_CLASSES, ExitOptions())
    randomise(encoder, std=1.0, seed=1)
    randomise(exits, seed=2)
    return EarlyExitRuntime(
        encoder,
        past_future_steps(exits),
        build_policy(policy),
        vocab_size=VOCAB_SIZE,
        max_positions=MAX_POSITIONS,
    ).eval()


def assert_same(found: tuple[Tensor, ...], expected: tuple[Tensor, ...]) -> None:
    assert torch.equal(found[1], expected[1])
    assert_close(found[0], expected[0], **BATCHED)
    assert_close(found[2], expected[2], **BATCHED)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_the_naive_loop(kind: str, tmp_path: Path) -> None:
    module, answers = as_onnx(build_runtime(kind), tmp_path), naive_answers(SENTENCES, kind)
    for share in (0.2, 0.5, 0.8):
        tau = threshold_between(answers, share)
        expected = [leave(sentence, tau) for sentence in answers]
        check_result(module(pad(SENTENCES), torch.tensor(tau)), expected)
    taus = [threshold_between(answers, 0.2 + 0.03 * row) for row in range(len(SENTENCES))]
    expected = [leave(sentence, tau) for sentence, tau in zip(answers, taus, strict=True)]
    check_result(module(pad(SENTENCES), torch.tensor(taus)), expected)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_backbone_and_policy(backbone: str, policy: str, tmp_path: Path) -> None:
    runtime = backbone_runtime(backbone, policy)
    module, taken = as_onnx(runtime, tmp_path), set()
    for tokens in (pad(SENTENCES), pad(SENTENCES[:1]), pad(draw_sentences(40, seed=9))):
        for parameter in (runtime.never, 0.2, 0.5, 0.7, 0.9):
            threshold = torch.tensor(parameter)
            expected = runtime(tokens, threshold)
            assert_same(module(tokens, threshold), expected)
            taken |= set(expected[1].tolist())
    assert len(taken) > 2, "too few exits are taken to prove much"


def test_every_exit_is_recorded(tmp_path: Path) -> None:
    runtime = build_runtime(min_exit_layer=3)
    logits, evidence = as_onnx(runtime, tmp_path).record_exits(pad(SENTENCES))
    assert_close(logits, runtime.exit_logits(pad(SENTENCES)), **BATCHED)
    assert evidence.shape == (len(SENTENCES), N_LAYERS, 0)


def test_layers_that_nobody_needs_are_not_run(tmp_path: Path) -> None:
    save_onnx(build_runtime(), full_depth(), tmp_path / "model.onnx")
    options = onnxruntime.SessionOptions()
    options.enable_profiling, options.profile_file_prefix = True, str(tmp_path / "profile")
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"), options)
    tokens = pad(SENTENCES).numpy()
    for tau in (math.inf, 0.0):  # all leave at the first exit; none early
        session.run(None, {"tokens": tokens, "threshold": torch.full((17,), tau).numpy()})
    events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    products = [
        event["ts"]
        for event in events
        if event.get("args", {}).get("op_name") in ("MatMul", "FusedMatMul", "Gemm")
        and event["name"].endswith("kernel_time")
    ]
    runs = [(e["ts"], e["ts"] + e["dur"]) for e in events if e["name"] == "model_run"]
    early, late = (sum(begin <= ts <= end for ts in products) for begin, end in runs)
    assert 0 < early <= late / N_LAYERS


def test_what_stands_in_the_file(tmp_path: Path) -> None:
    save_onnx(build_runtime(), full_depth(), tmp_path / "model.onnx")
    model = onnx.load(str(tmp_path / "model.onnx"))
    onnx.checker.check_model(model, full_check=True)
    assert [each.name for each in model.graph.input] == ["tokens", "threshold", "forced_exit"]
    assert [each.name for each in model.graph.output] == ["logits", "exit_layer", "entropy"]
    (forced,) = [each for each in model.graph.initializer if each.name == "forced_exit"]
    assert onnx.numpy_helper.to_array(forced).tolist() == 0
    assert sum(node.op_type == "If" for node in model.graph.node) == N_LAYERS
    metadata = load_onnx(tmp_path / "model.onnx").metadata
    assert metadata == full_depth(tokenizer=None)


def test_files_that_are_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.onnx"
    with pytest.raises(InputError, match=r"model.onnx` does not exist; give what `export/to_onnx"):
        load_onnx(path)
    path.write_bytes(b"no model")
    with pytest.raises(InputError, match=r"model.onnx` cannot be loaded by onnxruntime \("):
        load_onnx(path)
    save_onnx(build_runtime(), full_depth(), path)
    model = onnx.load(str(path))
    del model.metadata_props[:]
    onnx.save(model, str(path))
    with pytest.raises(InputError, match="is an ONNX model without our metadata"):
        load_onnx(path)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(InputError, match=r"need the package onnxruntime, which is not installed"):
        load_onnx(path)
