"""The set-up: what setup.py promises, what constraints.txt pins, and what must stay out."""

import os
import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import pf_fairseq

ROOT = Path(__file__).parent.parent
# What fairseq's metadata asks for in vain (setup.py says why).
LEFT_OUT = {"torchaudio"}
# A CUDA build of torch pins these itself.
PINNED_BY_TORCH = ("cuda-", "nvidia-", "triton")


@pytest.fixture(scope="module")
def requirements() -> set[str]:
    """Names that pf_fairseq requires, without its extras."""
    try:
        return set(required("pf_fairseq", extra=""))
    except metadata.PackageNotFoundError:
        pytest.skip("pf_fairseq is not installed but only on the path: run `make test`")


def required(package: str, extra: str) -> Iterator[str]:
    for line in metadata.requires(package) or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            yield canonicalize_name(requirement.name)


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [re.fullmatch(r"([^=]+)==([^;\s]+)", line) for line in lines if line[:1] != "#"]
    return {canonicalize_name(pair[1]): pair[2] for pair in pairs if pair is not None}


def test_every_line_of_the_constraints_is_a_pin() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert len(pins()) == sum(line[:1] != "#" for line in lines)


def test_what_fairseq_needs_is_required_here(requirements: set[str]) -> None:
    assert set(required("fairseq-fixed", extra="")) - LEFT_OUT <= requirements


def test_no_torchaudio(requirements: set[str]) -> None:
    assert not LEFT_OUT & requirements
    for name in LEFT_OUT:
        with pytest.raises(metadata.PackageNotFoundError):
            metadata.version(name)


@pytest.mark.usefixtures("requirements")
def test_the_environment_holds_the_pinned_version_of_everything_needed() -> None:
    pinned = pins()
    waiting = [*required("pf_fairseq", extra="dev"), "fairseq-fixed"]
    seen = set(LEFT_OUT)
    while waiting:
        name = waiting.pop()
        if name in seen or name.startswith(PINNED_BY_TORCH):
            continue
        seen.add(name)
        version = metadata.version(name).partition("+")[0]  # 2.13.0+cpu is torch 2.13.0
        assert pinned.get(name) == version, f"constraints.txt must pin {name}=={version}"
        waiting += required(name, extra="")


@pytest.mark.usefixtures("requirements")
def test_the_command_is_installed() -> None:
    [script] = metadata.entry_points(group="console_scripts", name="pf-fairseq")
    assert callable(script.load())


def test_every_folder_of_the_package_is_a_package() -> None:
    for folder in {path.parent for path in (ROOT / "pf_fairseq").rglob("*.py")}:
        assert (folder / "__init__.py").is_file(), f"setup.py overlooks {folder}"


def test_ci_tests_the_installed_copy() -> None:
    if os.environ.get("PF_INSTALL") != "wheel":
        pytest.skip("PF_INSTALL is not wheel: the checkout itself is tested")
    installed = Path(pf_fairseq.__file__).parent
    assert installed.parent.name == "site-packages"
    for file in (ROOT / "pf_fairseq").rglob("*.py"):
        assert (installed / file.relative_to(ROOT / "pf_fairseq")).is_file()
