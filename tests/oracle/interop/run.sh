#!/usr/bin/env bash
# Saves models with bvae::save, loads them in PyTorch and compares what both compute.
#
#   tests/oracle/interop/run.sh [PYTHON]
#
# PYTHON (default: python3) is one that has torch and safetensors: .ci/run passes its virtual environment's. Builds one
# small program with CXX (default: g++) and CXXFLAGS; Eigen is found through pkg-config, or in EIGEN_INCLUDE.
set -euo pipefail
python=${1:-python3}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

eigen=${EIGEN_INCLUDE:-$(pkg-config --cflags-only-I eigen3 2>/dev/null | sed 's/^-I//; s/ *$//' || true)}
read -ra flags <<<"${CXXFLAGS:-}"
"${CXX:-g++}" -std=c++20 -O1 -I"$here/../../../include" -isystem "${eigen:-/usr/include/eigen3}" "${flags[@]}" "$here/save_model.cpp" \
  -o "$work/save_model" -pthread
"$work/save_model" "$work"
"$python" -B "$here/load_saved_model.py" "$work"
