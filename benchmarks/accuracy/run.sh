#!/usr/bin/env bash
# Measures the errors and the speed of the elementary functions, and the errors of bernoulli, cos_sin_of_turns and
# box_muller, which have variants of them inside: benchmarks/accuracy/run.sh [--stride N] [--doubles N] [--only NAME]
#
# Prints the tables of docs/elementary-functions.md. Without arguments it looks at all floats, which takes about
# half an hour on two cores; --stride 1001 --doubles 1000000 takes seconds. NAME is a function or one of the three
# kernels.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/setup.sh"

install_packages "the benchmarks" cmake ninja-build libeigen3-dev
install_compiler

build=$(build_folder accuracy)
{
  cmake -S "$repository" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBVAE_WARNINGS_AS_ERRORS=OFF -DBVAE_BUILD_TESTS=OFF \
    -DBVAE_BUILD_EXAMPLES=OFF -DBVAE_BUILD_BENCHMARKS=ON "-DCMAKE_CXX_FLAGS=${CXXFLAGS:-}" >/dev/null
  cmake --build "$build" --target accuracy --parallel "$(parallelism)" >&2
} </dev/null
exec nice -n 19 "$build/benchmarks/accuracy/accuracy" "$@"
