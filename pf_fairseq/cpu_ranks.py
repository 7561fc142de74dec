"""Ranks on a CPU: what fairseq only does where there is a GPU.

`torchrun` tells each process its rank in environment variables. fairseq reads them only if it
sees two GPUs or more; elsewhere it trains as many unconnected models, each of which overwrites the
others' checkpoints. And what validation gathers goes through GPU memory. Both are mended here for
the backend `gloo`; other backends are left to fairseq.
"""

import functools
import os
from typing import Any

import torch
from fairseq import utils
from fairseq.distributed import utils as distributed_utils
from torch import distributed

_VARIABLES = ("MASTER_ADDR", "MASTER_PORT", "WORLD_SIZE", "RANK", "LOCAL_RANK")


def install() -> None:
    """Wrap two functions of fairseq, once."""
    infer, gather = distributed_utils.infer_init_method, distributed_utils.all_gather_list
    if hasattr(infer, "__wrapped__"):
        return

    @functools.wraps(infer)
    def infer_init_method(cfg: Any, force_distributed: bool = False) -> None:
        connect_ranks(cfg)
        infer(cfg, force_distributed)

    @functools.wraps(gather)
    def all_gather_list(data: Any, group: Any = None, max_size: int = 16384) -> list[Any]:
        group = distributed_utils.get_global_group() if group is None else group
        if distributed.get_backend(group) != distributed.Backend.GLOO:
            return list(gather(data, group, max_size))
        gathered: list[Any] = [None] * distributed.get_world_size(group)
        distributed.all_gather_object(gathered, utils.move_to_cpu(data), group=group)
        return gathered

    distributed_utils.infer_init_method = infer_init_method
    distributed_utils.all_gather_list = all_gather_list


def connect_ranks(cfg: Any) -> None:
    """Take the ranks that `torchrun` started into fairseq's options, if the backend is `gloo`.

    Args:
        cfg: fairseq's options of distributed training, changed in place.

    Raises:
        SystemExit: if there are several ranks that need a GPU, and there is none.
    """
    if cfg.distributed_init_method is not None or any(v not in os.environ for v in _VARIABLES):
        return
    n_ranks, n_gpus = int(os.environ["WORLD_SIZE"]), torch.cuda.device_count()
    if n_ranks == 1:
        return
    if cfg.distributed_backend == "gloo":
        cfg.distributed_init_method = "env://"
        cfg.distributed_world_size = n_ranks
        cfg.distributed_rank = int(os.environ["RANK"])
        cfg.device_id = int(os.environ["LOCAL_RANK"]) % max(1, n_gpus)
        cfg.distributed_no_spawn = True
    elif n_gpus == 0:
        raise SystemExit(
            f"past_future: torchrun started {n_ranks} processes, but there is no GPU for the "
            f"backend `{cfg.distributed_backend}`; add `--cpu --distributed-backend gloo "
            f"--ddp-backend legacy_ddp`."
        )
