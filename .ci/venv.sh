#!/usr/bin/env bash
# Makes the virtual environment that every target of the Makefile runs in; `make` calls it each time.
#
#   .ci/venv.sh [TOOL ...]       TOOL: cmake, gtest (besides Python and a C++ compiler)
#
#   PYTHON      interpreter to build on (default: the first of python3, python3.11, ... that fits)
#   PF_INSTALL  editable (default: the checkout is what runs) or wheel (a copy, as a user gets it)
#
# It does nothing when nothing has changed, goes on where an interrupted run stopped, and names all
# that the machine lacks in one sentence. As root on Debian or Ubuntu it installs that with apt-get.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly VENV=$PWD/.venv
readonly MODE=${PF_INSTALL:-editable}
readonly CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/pf_fairseq
readonly CPU_INDEX=https://download.pytorch.org/whl/cpu

die() {
  printf '%s\n' "$*" >&2
  exit 2
}

# --- what the machine must have -------------------------------------------------------------

python_fits() { # INTERPRETER
  "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() { # prints an interpreter, or nothing
  local candidate
  for candidate in ${PYTHON:-python3 python3.11 python3.12 python3.13}; do
    if python_fits "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
}

debian_name() { # INTERPRETER -> python3 for the system's own, else python3.X
  if [[ "$(readlink -f "$1")" == "$(readlink -f /usr/bin/python3)" ]]; then
    echo python3
  else
    "$1" -c 'import sys; print("python%d.%d" % sys.version_info[:2])'
  fi
}

# Prints `what it is:Debian package` for everything that is missing.
missing_tools() { # PYTHON TOOL...
  local python=$1 tool
  shift
  if [[ -z "$python" ]]; then
    echo "Python 3.11 or newer:python3-venv python3-dev"
  else
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
      echo "Python's venv module:$(debian_name "$python")-venv"
    "$python" -c 'import os, sysconfig as s
os.stat(os.path.join(s.get_path("include"), "Python.h"))' 2>/dev/null ||
      echo "Python's headers:$(debian_name "$python")-dev"
  fi
  has_header '<version>' || echo "a C++20 compiler:g++"
  for tool in "$@"; do
    case $tool in
      cmake) command -v cmake >/dev/null || echo "CMake:cmake" ;;
      gtest) has_header '<gtest/gtest.h>' || echo "GoogleTest:libgtest-dev" ;;
      *) die "venv.sh knows no tool '$tool'; it knows cmake and gtest." ;;
    esac
  done
}

has_header() { # HEADER
  "${CXX:-c++}" -std=c++20 -x c++ -E - <<<"#include $1" >/dev/null 2>&1
}

# What CMake fetches by itself where it is missing: installed where that needs no question.
want_json() {
  has_header '<nlohmann/json.hpp>' && return
  if [[ $EUID -eq 0 ]] && command -v apt-get >/dev/null; then
    echo "[apt] installing nlohmann-json3-dev"
    apt_install nlohmann-json3-dev || true
  fi
}

check_machine() { # TOOL...
  local missing packages
  missing=$(missing_tools "$(find_python)" "$@")
  [[ -n "$missing" ]] || return 0
  packages=$(cut -d: -f2 <<<"$missing" | tr '\n' ' ')
  packages=${packages% }
  if [[ $EUID -eq 0 ]] && command -v apt-get >/dev/null; then
    echo "[apt] installing $packages"
    apt_install $packages || true
    missing=$(missing_tools "$(find_python)" "$@")
    [[ -n "$missing" ]] || return 0
  fi
  die "Missing: $(cut -d: -f1 <<<"$missing" | paste -sd, | sed 's/,/, /g')" \
    "(on Debian and Ubuntu: sudo apt-get install -y $packages)."
}

apt_install() { # PACKAGE...
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"; } </dev/null >/dev/null 2>&1
}

# --- the environment --------------------------------------------------------------------------

version_of() { # INTERPRETER
  "$1" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null || true
}

# A usable environment: made here (its scripts hold absolute paths), by the Python asked for.
venv_fits() {
  [[ "$(cat "$VENV/.made" 2>/dev/null)" == "$VENV" ]] || return 1
  [[ -n "$(version_of "$VENV/bin/python")" ]] || return 1
  [[ -z "${PYTHON:-}" || "$(version_of "$PYTHON")" == "$(version_of "$VENV/bin/python")" ]]
}

content_key() {
  echo "$MODE" | cat - constraints.txt setup.py .ci/venv.sh | sha256sum | cut -d' ' -f1
}

pip() { # says nothing but errors
  "$VENV/bin/python" -m pip --disable-pip-version-check --no-input -qq "$@"
}

# Runs a command that may take minutes and says nothing, with a line now and then that it still runs.
patiently() { # COMMAND...
  local seconds=0 status=0 pid
  "$@" &
  pid=$!
  trap 'kill "$pid" 2>/dev/null || true; exit 130' INT TERM
  while kill -0 "$pid" 2>/dev/null; do
    sleep 1
    seconds=$((seconds + 1))
    ((seconds % 15)) || echo "      ... $seconds s"
  done
  wait "$pid" || status=$?
  trap - INT TERM
  return "$status"
}

pinned() { # PACKAGE -> its version in constraints.txt
  sed -n "s/^$1==\([^ ;]*\).*/\1/p" constraints.txt
}

installed() { # PACKAGE VERSION: is that version in the environment, whatever its build?
  "$VENV/bin/python" - "$@" 2>/dev/null <<'PY'
import importlib.metadata as metadata
import sys

sys.exit(metadata.version(sys.argv[1]).partition("+")[0] != sys.argv[2])
PY
}

has_gpu() {
  nvidia-smi -L >/dev/null 2>&1
}

pip_can_have() { # PIP-ARGUMENTS...: says so within seconds, also when the index cannot be reached
  pip install --dry-run --no-deps --retries 0 --timeout 15 "$@" >/dev/null 2>&1
}

install_torch() {
  local version
  version=$(pinned torch)
  installed torch "$version" && return
  if has_gpu; then
    echo "[1/3] torch $version for this machine's GPU (several GB)"
    patiently pip install -c constraints.txt "torch==$version"
  elif pip_can_have "torch==$version+cpu"; then
    echo "[1/3] torch $version, CPU build (about 200 MB)"
    patiently pip install --no-deps "torch==$version+cpu"
  elif pip_can_have --index-url "$CPU_INDEX" "torch==$version+cpu"; then
    echo "[1/3] torch $version, CPU build from pytorch.org (about 200 MB)"
    patiently pip install --no-deps --index-url "$CPU_INDEX" "torch==$version+cpu"
  else
    echo "[1/3] torch $version: no CPU build can be reached, so the default build (may be several GB," \
      "and C++ programs can be built with it only where the CUDA toolkit is installed)"
    patiently pip install -c constraints.txt "torch==$version"
  fi
}

install_project() {
  local editable=()
  [[ "$MODE" == wheel ]] || editable=(--editable)
  rm -rf build/lib # setuptools would pack what an earlier build left there
  echo "[2/3] pf_fairseq and what it needs, versions from constraints.txt"
  # The build runs in this environment, so that it uses the pinned setuptools.
  patiently pip install -c constraints.txt --no-build-isolation "${editable[@]}" ".[dev]"
}

# fairseq is compiled against one torch. pip's own cache knows only the Python version, so the
# wheel is kept here, by everything that its compiled parts depend on.
fairseq_cache() {
  "$VENV/bin/python" - "$CACHE" <<'PY'
import importlib.metadata as metadata
import os
import platform
import sys
import sysconfig

built_for = [
    sysconfig.get_config_var("SOABI"),
    "-".join(platform.libc_ver()),
    *(f"{name}{metadata.version(name)}" for name in ("torch", "numpy", "cython")),
]
print(os.path.join(sys.argv[1], "_".join(built_for)))
PY
}

install_fairseq() {
  local version cache wheel
  version=$(pinned fairseq-fixed)
  cache=$(fairseq_cache)
  [[ "$(cat "$VENV/.fairseq" 2>/dev/null)" != "$version for $cache" ]] || return 0
  wheel=$(compgen -G "$cache/fairseq_fixed-$version-*.whl" || true)
  if [[ -n "$wheel" ]] && pip install --no-deps --force-reinstall "$wheel" 2>/dev/null; then
    echo "[3/3] fairseq $version, built earlier (kept in $CACHE)"
  else
    echo "[3/3] fairseq $version, compiled here (two to four minutes)"
    build_fairseq "$version" "$cache"
  fi
  echo "$version for $cache" >"$VENV/.fairseq"
}

build_fairseq() { # VERSION CACHE
  local version=$1 cache=$2 building wheel
  building=$(mktemp -d)
  trap "rm -rf '$building'" EXIT
  # bin/ on the path: torch compiles with the pinned ninja there.
  PATH="$VENV/bin:$PATH" patiently pip wheel --no-deps --no-build-isolation --no-cache-dir \
    --wheel-dir "$building" "fairseq-fixed==$version"
  wheel=$(compgen -G "$building/*.whl")
  pip install --no-deps --force-reinstall "$wheel"
  # A cache that cannot be written costs time at the next set-up and nothing else.
  if mkdir -p "$cache" 2>/dev/null && cp "$wheel" "$cache/.partial.$$" 2>/dev/null; then
    mv "$cache/.partial.$$" "$cache/$(basename "$wheel")"
  fi
}

make_venv() {
  local python
  python=$(find_python)
  echo "[0/3] .venv with Python $(version_of "$python")"
  rm -rf "$VENV"
  "$python" -m venv "$VENV"
  pip install -c constraints.txt setuptools wheel
  echo "$VENV" >"$VENV/.made"
}

main() {
  [[ "$MODE" == editable || "$MODE" == wheel ]] ||
    die "PF_INSTALL must be editable or wheel, but is '$MODE'."
  if [[ -n "${PYTHON:-}" ]] && ! python_fits "$PYTHON"; then
    die "PYTHON=$PYTHON is not Python 3.11 or newer: install one, or name another interpreter."
  fi
  check_machine "$@"
  [[ " $* " != *" cmake "* ]] || want_json
  venv_fits || make_venv
  local key
  key=$(content_key)
  if [[ "$MODE" == wheel || "$(cat "$VENV/.complete" 2>/dev/null)" != "$key" ]]; then
    rm -f "$VENV/.complete"
    install_torch
    install_project
    install_fairseq
    echo "$key" >"$VENV/.complete"
  fi
}

main "$@"
