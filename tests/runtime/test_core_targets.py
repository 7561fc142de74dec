"""The core as other targets take it: onnxruntime runs it with real exits, torch.export a step."""

import io

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from pf_fairseq.modules.layout import Layout
from pf_fairseq.runtime.core import EarlyExitCore
from tests.runtime.answers import threshold_between
from tests.runtime.tiny import (
    KINDS,
    N_CLASSES,
    N_LAYERS,
    build_runtime,
    draw_sentences,
    naive_answers,
    pad,
)

ONNX = {"atol": 1e-5, "rtol": 1e-5}  # another runtime's kernels, logits of up to 40
INPUTS = ["tokens", "lengths", "parameter", "forced"]
OUTPUTS = ["logits", "exit_layer", "entropy"]

pytestmark = pytest.mark.filterwarnings("ignore")  # of an exporter that torch calls legacy


def core_of(kind: str, **options: int) -> EarlyExitCore:
    return build_runtime(kind, **options).requires_grad_(False).core


def inputs_of(
    sentences: list[list[int]], taus: list[float], forced: list[int] | None = None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    lengths = torch.tensor([len(sentence) for sentence in sentences], dtype=torch.int64)
    leave_at = torch.zeros_like(lengths) if forced is None else torch.tensor(forced)
    return pad(sentences), lengths, torch.tensor(taus, dtype=torch.float32), leave_at


def export_onnx(core: EarlyExitCore) -> bytes:
    """The scripted core as ONNX, with an `If` per layer."""
    pytest.importorskip("onnx")
    stream = io.BytesIO()
    sentences = draw_sentences(3)
    axes = {name: {0: "B"} for name in INPUTS} | {"tokens": {0: "B", 1: "T"}}
    torch.onnx.export(
        torch.jit.script(core),
        inputs_of(sentences, [0.5] * 3),
        stream,  # type: ignore[arg-type]
        dynamo=False,
        input_names=INPUTS,
        output_names=OUTPUTS,
        dynamic_axes=axes,
        opset_version=17,
    )
    return stream.getvalue()


class OnnxCore:
    """A session that takes and gives torch's tensors."""

    def __init__(self, core: EarlyExitCore, *, profile: str | None = None) -> None:
        runtime = pytest.importorskip("onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = runtime.InferenceSession(
            export_onnx(core), options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        named = {name: each.numpy() for name, each in zip(INPUTS, inputs, strict=True)}
        found: list[np.ndarray] = self.session.run(OUTPUTS, named)
        return tuple(torch.from_numpy(each) for each in found)


def assert_same(found: tuple[Tensor, ...], expected: tuple[Tensor, ...]) -> None:
    assert torch.equal(found[1], expected[1])
    assert_close(found[0], expected[0], **ONNX)
    assert_close(found[2], expected[2], **ONNX)


@pytest.mark.parametrize("kind", KINDS)
def test_onnxruntime_leaves_where_the_core_leaves(kind: str) -> None:
    core = core_of(kind)
    onnx_core = OnnxCore(core)
    taken: set[int] = set()
    for n_sentences, seed in ((9, 0), (1, 1), (5, 2), (16, 3)):
        sentences = draw_sentences(n_sentences, seed=seed)
        answers = naive_answers(sentences, kind)
        for share in (0.2, 0.5, 0.8):
            tau = threshold_between(answers, share)
            inputs = inputs_of(sentences, [tau] * n_sentences)
            expected = core(*inputs)
            assert_same(onnx_core(*inputs), expected)
            taken |= set(expected[1].tolist())
        inputs = inputs_of(sentences, [0.0] * n_sentences)
        assert_same(onnx_core(*inputs), core(*inputs))
        layers = [row % N_LAYERS + 1 for row in range(n_sentences)]  # each at another layer
        inputs = inputs_of(sentences, [0.0] * n_sentences, layers)
        assert onnx_core(*inputs)[1].tolist() == layers
        assert_same(onnx_core(*inputs), core(*inputs))
    assert len(taken) > 2, "too few exits are taken to prove much"


def test_onnxruntime_checks_where_the_core_checks() -> None:
    core = core_of("folded", min_exit_layer=2, check_interval=2)
    onnx_core, sentences = OnnxCore(core), draw_sentences(9)
    for tau in (0.3, 0.6, 0.9, 9.0):
        inputs = inputs_of(sentences, [tau] * 9)
        assert_same(onnx_core(*inputs), core(*inputs))
    assert set(onnx_core(*inputs)[1].tolist()) == {2}


def test_the_graph_has_a_branch_per_layer() -> None:
    onnx = pytest.importorskip("onnx")
    graph = onnx.load_model_from_string(export_onnx(core_of("folded"))).graph
    assert sum(node.op_type == "If" for node in graph.node) == N_LAYERS


class OneLayer(nn.Module):
    """A layer, its step and the policy, without the batch's compaction."""

    def __init__(self, core: EarlyExitCore, index: int) -> None:
        super().__init__()
        self.layer = core.encoder.layers[index]
        self.step = core.exits.steps[index]
        self.policy = core.policy

    def forward(
        self, hidden: Tensor, layout: Layout, memory: Tensor, checked: Tensor, parameter: Tensor
    ) -> tuple[Tensor, ...]:
        """Hidden states, both memories, logits, and who leaves."""
        hidden = self.layer(hidden, layout)
        memory = self.step.observe(memory, hidden, layout)
        logits, evidence = self.step.classify(memory, hidden, layout)
        checked, score = self.policy.update(checked, logits, evidence)
        return hidden, memory, checked, logits, self.policy.leaves(score, parameter)


@pytest.mark.parametrize("kind", KINDS)
def test_torch_exports_one_step(kind: str) -> None:
    core = core_of(kind)
    module = OneLayer(core, 2).eval()
    sentences = draw_sentences(6)
    hidden, layout = core.encoder.embed(pad(sentences))
    memory = torch.randn(6, core.exits.start.numel())
    inputs = (
        hidden,
        layout,
        memory,
        core.policy.start(6, N_CLASSES, hidden.device),
        torch.full((6,), 0.5),
    )
    batch, length = torch.export.Dim("batch"), torch.export.Dim("length")
    shapes = (
        {0: batch, 1: length},
        Layout({0: batch, 1: length}, {}, {}),  # type: ignore[arg-type]
        {0: batch},
        {0: batch},
        {0: batch},
    )
    exported = torch.export.export(module, inputs, dynamic_shapes=shapes).module()
    for found, expected in zip(exported(*inputs), module(*inputs), strict=True):
        assert_close(found, expected)
    fewer = (hidden[:3, :4], Layout(layout.mask[:3, :4], *layout[1:]), *(x[:3] for x in inputs[2:]))
    for found, expected in zip(exported(*fewer), module(*fewer), strict=True):
        assert_close(found, expected)
