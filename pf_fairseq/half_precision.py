"""Half precision without a GPU: refused in a sentence, where fairseq ends in a traceback."""

import functools
import importlib.util
from typing import Any

import torch
from fairseq.trainer import Trainer


def install() -> None:
    """Wrap the constructor of fairseq's trainer, once: nothing before it sees all flags."""
    original = Trainer.__init__
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def initialise(self: Any, cfg: Any, *arguments: Any, **options: Any) -> None:
        has_tpu = importlib.util.find_spec("torch_xla") is not None  # fairseq's own way to one
        check_precision(cfg.common, accelerated=has_tpu or torch.cuda.is_available())
        original(self, cfg, *arguments, **options)

    Trainer.__init__ = initialise


def check_precision(common: Any, *, accelerated: bool) -> None:
    """Refuse what fairseq computes on GPUs (or TPUs) alone.

    Args:
        common: fairseq's common options.
        accelerated: whether torch sees a GPU or a TPU.

    Raises:
        SystemExit: with one sentence that names the flag.
    """
    if accelerated and not common.cpu:
        return
    # The other two forms of fp16 keep no flat copy of the weights, which would lie on a GPU.
    other_form = common.memory_efficient_fp16 or common.fp16_no_flatten_grads
    if common.bf16:
        flag = "--memory-efficient-bf16" if common.memory_efficient_bf16 else "--bf16"
    elif common.fp16 and not other_form:
        flag = "--fp16"
    else:
        return
    raise SystemExit(
        f"past_future: `{flag}` needs a GPU, but this training runs on the CPU; leave `{flag}` "
        "out, or train the encoder in bfloat16 with `--cpu --cpu-bf16`."
    )
