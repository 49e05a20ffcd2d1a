#!/usr/bin/env bash
# Measures every kernel with every instruction set of this machine:
#
#   benchmarks/kernels/run.sh [--json FILE] [--quick] [ARGUMENTS of Google Benchmark]
#
# Of each: what it does a second, and as share_of_peak what that is of a peak that the same run measures with the same
# instruction set: of the FMA peak (GFLOP/s), or of a plain copy in the second cache (GB/s; in memory for arrays of 4194304
# values). Passes that only read, or read more than they write, or work in the first cache, may be faster than a copy.
#
# Prints medians of nine repetitions, which are taken in random order, kernel after kernel; --quick is for trying it out.
# Built as README says, with -O2; CXX and other CXXFLAGS are honoured.
# --benchmark_filter=weights_times_inputs/ measures one kernel only; weights_times_inputs_double is the same on doubles,
# beside their peak.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../support/run.sh"

repetitions=9
arguments=()
for argument in "$@"; do
  case $argument in
    --quick) repetitions=3 ;;
    *) arguments+=("$argument") ;;
  esac
done
run_benchmark kernels "--benchmark_repetitions=$repetitions" --benchmark_min_time=0.02 \
  --benchmark_enable_random_interleaving=true --benchmark_report_aggregates_only=true ${arguments[@]+"${arguments[@]}"}
