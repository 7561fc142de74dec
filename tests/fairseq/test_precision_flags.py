"""Half precision without a GPU is refused by its flag's name, or trains."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from pf_fairseq.half_precision import check_precision
from tests.fairseq.commands import run, training_command

FLAGS = ("fp16", "bf16", "memory_efficient_fp16", "memory_efficient_bf16", "fp16_no_flatten_grads")


def common(*given: str, cpu: bool = True) -> SimpleNamespace:
    """fairseq's common options, as it completes them."""
    options = {**{name: name in given for name in FLAGS}, "cpu": cpu}
    options["fp16"] |= "memory_efficient_fp16" in given
    options["bf16"] |= "memory_efficient_bf16" in given
    return SimpleNamespace(**options)


def test_the_last_line_names_the_flag(tiny_data: Path, tmp_path: Path) -> None:
    done = run(*training_command(tiny_data, tmp_path / "out", "--fp16"), cwd=tmp_path)
    assert done.status != 0
    assert done.last_line == (
        "past_future: `--fp16` needs a GPU, but this training runs on the CPU; leave `--fp16` out, "
        "or train the encoder in bfloat16 with `--cpu --cpu-bf16`."
    )


@pytest.mark.parametrize("given", ["fp16", "bf16", "memory_efficient_bf16"])
def test_what_needs_a_gpu(given: str) -> None:
    flag = "--" + given.replace("_", "-")
    for cpu, accelerated in ((True, True), (True, False), (False, False)):
        with pytest.raises(SystemExit, match=f"`{flag}` needs a GPU"):
            check_precision(common(given, cpu=cpu), accelerated=accelerated)
    check_precision(common(given, cpu=False), accelerated=True)


@pytest.mark.parametrize(
    "given", [(), ("memory_efficient_fp16",), ("fp16", "fp16_no_flatten_grads")]
)
def test_what_trains_on_a_cpu(given: tuple[str, ...]) -> None:
    check_precision(common(*given), accelerated=False)
