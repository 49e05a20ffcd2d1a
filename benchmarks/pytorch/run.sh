#!/usr/bin/env bash
# Compares the training steps of two models, an MLP and a convolutional one, with PyTorch's, alternating on this machine:
#
#   benchmarks/pytorch/run.sh [--json FILE] [--quick] [--also FLAGS] [ARGUMENTS of compare.py]
#
# --model mlp or --model burgess is only one of them. Prints medians, quartiles and ratios; --json writes every round too. --quick is for trying it out: three rounds.
# The library is compiled as README says, with -O2, by g++ and, where there is one, clang++ (or only by CXX, with
# CXXFLAGS, where these are set); --also "-O3 -march=native" adds programs compiled with those flags instead.
# PyTorch comes from a virtual environment in BVAE_ORACLE_VENV (default: ~/.cache/bvae/oracle-venv), made if needed.
# Nothing else should run meanwhile: what other processes took is printed.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/setup.sh"
here=$repository/benchmarks/pytorch

arguments=()
flag_sets=("${CXXFLAGS:--O2}")
while [ $# -gt 0 ]; do
  case $1 in
    --quick) arguments+=(--rounds 3) ;;
    --also)
      [ $# -gt 1 ] || die "--also needs flags"
      flag_sets+=("$2")
      shift
      ;;
    --also=*) flag_sets+=("${1#*=}") ;;
    *) arguments+=("$1") ;;
  esac
  shift
done

# torch.compile needs a compiler and Python's headers.
install_packages "comparing with PyTorch" g++ libeigen3-dev pkg-config python3 python3-dev python3-venv
if [ -n "${CXX:-}" ]; then
  install_compiler
  compilers=("$CXX")
else
  compilers=(g++)
  for clang in clang++ clang++-{20,19,18,17,16}; do
    if command -v "$clang" >/dev/null; then
      compilers+=("$clang")
      break
    fi
  done
fi

venv=${BVAE_ORACLE_VENV:-$HOME/.cache/bvae/oracle-venv}
if ! "$venv/bin/python" -c 'import numpy, safetensors, torch; assert torch.__version__.startswith("2.13.0")' 2>/dev/null; then
  say "making a virtual environment with PyTorch in $venv"
  python3 -m venv --clear "$venv"
  "$venv/bin/pip" install --quiet torch==2.13.0 numpy safetensors >&2
fi

eigen=$(pkg-config --cflags-only-I eigen3 2>/dev/null | sed 's/^-I//; s/ *$//' || true)
for CXX in "${compilers[@]}"; do
  for flags in "${flag_sets[@]}"; do
    build=$(CXXFLAGS=$flags build_folder pytorch)
    mkdir -p "$build"
    say "compiling with $CXX $flags"
    # shellcheck disable=SC2086 # A compiler and flags of several words are meant.
    $CXX -std=c++20 $flags -I"$repository/include" -I"$repository/benchmarks" -isystem "${eigen:-/usr/include/eigen3}" \
      "$here/bvae_worker.cpp" -pthread -o "$build/bvae_worker"
    arguments+=(--bvae "bvae $CXX $flags" "$build/bvae_worker")
  done
done
exec "$venv/bin/python" -B "$here/compare.py" ${arguments[@]+"${arguments[@]}"}
