"""Package description of pf_fairseq. Tools are configured in pyproject.toml.

Installing for use, in an environment of your own::

    pip install . setuptools wheel
    pip install --no-deps --no-build-isolation fairseq-fixed==0.12.3.1

fairseq is a second command because its metadata (`fairseq-fixed`, the fairseq that imports on
Python >= 3.11) requires torchaudio. Text needs no torchaudio, and one that was built for another
torch breaks `import transformers`. pip cannot leave out one requirement of a package, so what
`import fairseq` really needs is listed here, and fairseq itself comes without its dependencies.
Its build needs the torch that it will run with, hence no build isolation either.

`make venv` does all of this with the versions of constraints.txt, without CUDA packages where
the machine has no GPU.
"""

from pathlib import Path

from setuptools import find_packages, setup

# TorchScript is marked deprecated: the range ends with the last release that was tried.
TORCH = "torch>=2.11,<2.14"

REQUIREMENTS = [
    TORCH,
    "matplotlib>=3.8",
    "numpy>=1.26",
    "safetensors>=0.4",
    "scipy>=1.11",
    "sentencepiece>=0.2",
    "tokenizers>=0.20",
    "tqdm>=4.66",
]

# The requirements of fairseq-fixed 0.12.3.1, less torchaudio (tests/test_setup.py compares).
FAIRSEQ_REQUIREMENTS = [
    "bitarray",
    "cffi",
    "cython",
    "hydra-core==1.3.2",
    "omegaconf==2.3.0",
    "packaging",
    "regex",
    "sacrebleu>=1.4.12",
    "scikit-learn",
]

# `pf-fairseq` itself needs neither: they export and run the ONNX form of the loop.
ONNX = [
    "onnx>=1.17",
    "onnxruntime>=1.20",
]

DEVELOPMENT = [
    *ONNX,
    "clang-format",
    "hypothesis",
    "mypy",
    "ninja",
    "pytest",
    "pytest-xdist",
    "ruff",
    "setuptools>=77",
    "transformers>=4.44",
    "wheel",
]

setup(
    name="pf_fairseq",
    version="0.1.0",
    description="Past-future early exits for sentence classifiers: fairseq training, C++ serving.",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author="The pf_fairseq authors",
    license="MIT",
    license_files=["LICENSE"],
    classifiers=[
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Text Processing :: Linguistic",
        "Typing :: Typed",
    ],
    python_requires=">=3.11",
    packages=find_packages(include=["pf_fairseq", "pf_fairseq.*"]),
    package_data={"pf_fairseq": ["py.typed"]},
    install_requires=REQUIREMENTS + FAIRSEQ_REQUIREMENTS,
    extras_require={"dev": DEVELOPMENT, "onnx": ONNX},
    entry_points={"console_scripts": ["pf-fairseq = pf_fairseq.cli.main:main"]},
)
