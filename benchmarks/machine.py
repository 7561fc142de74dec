"""What every figure of a benchmark depends on; run as a program, it prints that.

python benchmarks/machine.py
"""

import json
import os
import platform
from pathlib import Path
from typing import Any

from pf_fairseq.threads import available_cores

CPU_FACTS = Path("/proc/cpuinfo")


def describe_machine() -> dict[str, Any]:
    """The CPU's name, how many cores this process may use, and how busy they were a minute ago."""
    cpu = platform.processor() or platform.machine()
    if CPU_FACTS.is_file():
        lines = CPU_FACTS.read_text(encoding="utf-8").splitlines()
        cpu = next((line.split(":")[1].strip() for line in lines if "model name" in line), cpu)
    return {"cpu": cpu, "cores": available_cores(), "load_average": os.getloadavg()[0]}


def describe_torch(device: str) -> dict[str, Any]:
    """The same, with torch as it computes in this process on `device`, `cpu` or `cuda`."""
    import torch

    facts = {"threads": torch.get_num_threads(), "torch": torch.__version__, "device": device}
    if device == "cuda":
        facts["gpu"] = torch.cuda.get_device_name()
    return {**describe_machine(), **facts}


if __name__ == "__main__":
    print(json.dumps(describe_machine()))
