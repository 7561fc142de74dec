"""Makes our names known to fairseq; harmless however often it is called."""

import argparse
import importlib

import torch


def register() -> None:
    """Register models, architectures and criterions, and make fairseq fit for them.

    It then refuses checkpoints that cannot be restored or were trained on other data, and half
    precision on a CPU, finds
    `torchrun`'s ranks on a CPU, ends without a crash, and loads its own old checkpoints with
    torch's safety on. Importing the modules registers them, once: Python imports a module once,
    and fairseq refuses duplicates.
    """
    importlib.import_module("pf_fairseq.models.registered")
    importlib.import_module("pf_fairseq.criterions.past_future")
    importlib.import_module("pf_fairseq.checkpoints.restore_guard").install()
    importlib.import_module("pf_fairseq.checkpoints.ensemble_guard").install()
    importlib.import_module("pf_fairseq.cpu_ranks").install()
    importlib.import_module("pf_fairseq.half_precision").install()
    importlib.import_module("pf_fairseq.prefetching").install()
    # Checkpoints of fairseq's argparse age hold their flags in a Namespace, which torch's
    # weights-only loading does not know. It holds plain values and runs no code.
    torch.serialization.add_safe_globals([argparse.Namespace])
