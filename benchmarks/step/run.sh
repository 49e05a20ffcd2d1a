#!/usr/bin/env bash
# Measures the training step: benchmarks/step/run.sh [--json FILE] [ARGUMENTS of Google Benchmark]
#
# Prints medians of samples a second, GFLOP/s and share of the FMA peak that the same run measures. Built as README says,
# with -O2; CXX, other CXXFLAGS and, when it runs, BVAE_ISA (baseline, v3, v4) are honoured.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../support/run.sh"
run_benchmark step "$@"
