"""Write a runtime as an ONNX model that exits early, and run one by onnxruntime."""

import io
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pf_fairseq.artefact.metadata import ArchiveMetadata
from pf_fairseq.artefact.saving import METADATA_NAME
from pf_fairseq.errors import InputError
from pf_fairseq.files import write_bytes
from pf_fairseq.runtime.early_exit import EarlyExitRuntime
from pf_fairseq.runtime.onnx_face import INPUTS, OUTPUTS, OnnxFace

SUFFIX = ".onnx"
OPSET = 17
FORCED = INPUTS[2]
_AXES = {"tokens": {0: "B", 1: "T"}, "threshold": {0: "B"}} | {name: {0: "B"} for name in OUTPUTS}


class OnnxModule:
    """A session with the calls of an archive's module.

    Args:
        session: onnxruntime's.
        n_layers: depth.
    """

    def __init__(self, session: Any, n_layers: int) -> None:
        self._session = session
        self._n_layers = n_layers

    def __call__(self, tokens: Tensor, threshold: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits, exit layers and entropies; `threshold` is 0-dim or one per sentence."""
        logits, exit_layer, entropy = self._run(tokens, threshold, 0)
        return logits, exit_layer, entropy

    def record_exits(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Every exit's logits fp32 `(B, L, C)`, one pass for each, and no evidence `(B, L, 0)`."""
        threshold = torch.zeros([], dtype=torch.float32)  # not looked at
        every = [self._run(tokens, threshold, layer + 1)[0] for layer in range(self._n_layers)]
        logits = torch.stack(every, dim=1)
        return logits, logits[:, :, :0]

    def _run(self, tokens: Tensor, threshold: Tensor, forced_exit: int) -> list[Tensor]:
        given = {
            "tokens": tokens.cpu().numpy(),
            "threshold": threshold.cpu().float().expand(tokens.size(0)).contiguous().numpy(),
        }
        if forced_exit > 0:
            given[FORCED] = torch.tensor(forced_exit, dtype=torch.int64).numpy()
        return [torch.from_numpy(found) for found in self._session.run(list(OUTPUTS), given)]


@dataclass(frozen=True)
class OnnxArchive:
    """A loaded ONNX model; it holds no tokenizer's files."""

    module: OnnxModule
    metadata: ArchiveMetadata


def save_onnx(runtime: EarlyExitRuntime, metadata: ArchiveMetadata, path: Path) -> None:
    """Write `runtime`, in fp32 on the CPU, with an `If` for each layer.

    `forced_exit` is an input that may be left out: its initializer is 0. The metadata stand in
    `metadata_props` under `metadata.json`, without the tokenizer, whose files ONNX has no room for.

    Raises:
        InputError: if the package onnx is not installed.
    """
    onnx = _import("onnx")
    stream = io.BytesIO()
    face = torch.jit.script(OnnxFace(runtime).eval().requires_grad_(False))
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of an exporter that torch calls legacy
        torch.onnx.export(
            face,
            _example(metadata),
            stream,  # type: ignore[arg-type]
            dynamo=False,
            input_names=list(INPUTS),
            output_names=list(OUTPUTS),
            dynamic_axes=_AXES,
            opset_version=OPSET,
        )
    model = onnx.load_model_from_string(stream.getvalue())
    default = torch.zeros([], dtype=torch.int64).numpy()
    model.graph.initializer.append(onnx.numpy_helper.from_array(default, FORCED))
    props = {METADATA_NAME: replace(metadata, tokenizer=None).to_json()}
    onnx.helper.set_model_props(model, props)
    onnx.checker.check_model(model)
    write_bytes(path, model.SerializeToString())


def load_onnx(path: Path) -> OnnxArchive:
    """Load what `save_onnx` wrote.

    Raises:
        InputError: if it cannot be read, is no ONNX model of ours or newer than this version, or
            if onnxruntime is not installed.
    """
    runtime = _import("onnxruntime")
    if not path.is_file():
        raise InputError(f"archive `{path}` does not exist; give what `export/to_onnx.py` wrote.")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3  # errors; what it could not fuse is no news to a user
    try:
        session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # a class of its own for each kind of damage
        reason = str(error).strip().splitlines()[-1]
        raise InputError(
            f"archive `{path}` cannot be loaded by onnxruntime ({reason}); export it again."
        ) from error
    text = session.get_modelmeta().custom_metadata_map.get(METADATA_NAME)
    if text is None:
        raise InputError(
            f"archive `{path}` is an ONNX model without our metadata; give what "
            "`export/to_onnx.py` wrote."
        )
    metadata = ArchiveMetadata.from_json(text, str(path))
    return OnnxArchive(OnnxModule(session, metadata.n_layers), metadata)


def _example(metadata: ArchiveMetadata) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs of the right types; a scripted graph depends on none of their sizes."""
    row = [metadata.init_token, metadata.special_tokens["eos"]]
    threshold = torch.full([2], metadata.policy.never, dtype=torch.float32)
    return torch.tensor([row, row]), threshold, torch.zeros([], dtype=torch.int64)


def _import(name: str) -> Any:
    try:
        return __import__(name)
    except ImportError as error:
        raise InputError(
            f"ONNX models need the package {name}, which is not installed; run "
            "`pip install 'pf_fairseq[onnx]'`."
        ) from error
