#!/usr/bin/env bash
# Builds the tests and runs them all: tests/run.sh [CTEST ARGUMENTS]
#
# On Debian and Ubuntu it first installs what is missing (as root, or through sudo). The last lines are ctest's summary,
# the exit code is ctest's. From the environment: CXX and CXXFLAGS (a compiler or flags of their own get a build folder
# of their own under build/), CMAKE_BUILD_PARALLEL_LEVEL, BVAE_CMAKE_ARGUMENTS (more words for CMake). Examples:
#   tests/run.sh -R Adam                 only the tests whose name matches
#   CXX=clang++-16 tests/run.sh -LE toolchain
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/setup.sh"

install_packages "building and running the tests" \
  cmake ninja-build pkg-config libeigen3-dev catch2 nlohmann-json3-dev zlib1g-dev libcli11-dev libstb-dev
install_compiler

build=$(build_folder tests)
# No build type: -O1 (the suite compiles longer than it runs) with assertions on, and flags of the environment after it,
# so that they win.
cmake -S "$repository" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE= "-DCMAKE_CXX_FLAGS=-O1 ${CXXFLAGS:-}" -DBVAE_IO=ON \
  ${BVAE_CMAKE_ARGUMENTS:-} "-DBVAE_WARNINGS_AS_ERRORS=$([ -n "${CI:-}" ] && echo ON || echo OFF)" >&2
cmake --build "$build" --parallel "$(parallelism)" >&2
exec ctest --test-dir "$build" --output-on-failure --no-tests=error --parallel "$(parallelism)" "$@"
