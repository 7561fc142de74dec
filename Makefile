# The commands of the project. `make` alone lists them; the set-up itself is in .ci/venv.sh.
# PYTHON=python3.12 make TARGET builds the environment with another interpreter.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
export PYTHON

BIN := $(CURDIR)/.venv/bin

# The demo on real data: make demo GLUE_DIR=path TASK=SST-2 TOKENIZER_DIR=path
TASK ?= SST-2
DEMO_DATA = --task '$(TASK)' $(if $(GLUE_DIR),--glue-dir '$(GLUE_DIR)') \
  $(if $(TOKENIZER_DIR),--tokenizer-dir '$(TOKENIZER_DIR)')

# Sanitizers for the C++ tests: make test SANITIZE="address;undefined". WERROR=ON: warnings are errors.
SANITIZE ?=
WERROR ?= OFF
CPP_TESTS := build/cpp$(if $(SANITIZE),-$(subst ;,-,$(SANITIZE)))
# $(call configure_cpp,folder,flags): libtorch is the one inside the installed torch package.
configure_cpp = cmake -S examples/cpp -B $(1) -G Ninja -DCMAKE_MAKE_PROGRAM=$(BIN)/ninja \
  -DCMAKE_BUILD_TYPE=Release -DEARLY_EXIT_WERROR=$(WERROR) -DPython3_EXECUTABLE=$(BIN)/python \
  -DCMAKE_PREFIX_PATH="$$($(BIN)/python -c 'import torch; print(torch.utils.cmake_prefix_path)')" \
  --log-level=WARNING $(2)

# pytest in as many processes as there are cores, four at most: each holds a torch of its own, with
# one thread. One file stays in one process, so that what its tests share is made once.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest -n $$(( $$(nproc) < 4 ? $$(nproc) : 4 )) --dist loadfile

.PHONY: help venv demo test test-python test-cpp test-slow lint cpp bench bench-gpu test-gpu clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: ## the set-up alone: .venv with everything from constraints.txt
	@.ci/venv.sh

demo: ## the whole chain on a corpus of its own, or GLUE_DIR=path TASK=SST-2 TOKENIZER_DIR=path
	@.ci/venv.sh cmake
	@$(BIN)/python examples/demo/run.py $(DEMO_DATA)

test: test-python test-cpp ## pytest, then the C++ tests with ctest

test-python: ## pytest alone
	@.ci/venv.sh cmake gtest
	@# tests/cpp compares these two programs with Hugging Face tokenizers
	$(call configure_cpp,build/cpp)
	cmake --build build/cpp --target early_exit_tokenize early_exit_normalize
	$(PYTEST)

test-cpp: ## ctest alone; with SANITIZE="address;undefined" under these sanitizers
	@.ci/venv.sh cmake gtest
	$(call configure_cpp,$(CPP_TESTS),-DEARLY_EXIT_BUILD_TESTS=ON -DEARLY_EXIT_SANITIZE="$(SANITIZE)")
	cmake --build $(CPP_TESTS)
	ctest --test-dir $(CPP_TESTS) --output-on-failure -j $$(nproc)

test-slow: ## what takes longer: the C++ tests under the thread sanitizer, other versions of Python
	@$(MAKE) test-cpp SANITIZE=thread
	@.ci/other_pythons

lint: ## ruff, mypy, clang-format, shell syntax
	@.ci/venv.sh
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	find examples/cpp -name '*.h' -o -name '*.cc' | xargs $(BIN)/clang-format --dry-run -Werror
	for script in .ci/run .ci/venv.sh .ci/other_pythons examples/glue/*.sh; do bash -n "$$script"; done

cpp: ## the C++ library and programs, into build/cpp
	@.ci/venv.sh cmake
	$(call configure_cpp,build/cpp)
	cmake --build build/cpp

bench: ## the benchmarks of benchmarks/, on the CPU
	@.ci/venv.sh cmake
	for program in benchmarks/*.py; do $(BIN)/python $$program; done

bench-gpu: ## the same on a GPU
	@.ci/venv.sh cmake
	for program in benchmarks/*.py; do $(BIN)/python $$program --device cuda; done

test-gpu: ## the tests that need a GPU
	@.ci/venv.sh
	@$(BIN)/python -c 'import sys, torch; sys.exit(None if torch.cuda.is_available() else \
	  "make test-gpu needs an NVIDIA GPU that torch can use; torch sees none here.")'
	$(BIN)/pytest -m gpu

clean: ## remove build/ (make venv is kept: rm -rf .venv)
	rm -rf build
