#!/usr/bin/env bash
# Runs the tests of the kernels and of what core/ makes of them on AArch64: compiled by a cross compiler, run in an
# emulator. tests/kernels/on_aarch64.sh
#
# Debian's Catch2 has its main function for this machine only, so the header's own is compiled.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/setup.sh"

install_packages "running the kernels' tests on AArch64" g++-aarch64-linux-gnu qemu-user catch2 libeigen3-dev
catch=${CATCH_INCLUDE:-/usr/include/catch2}
eigen=${EIGEN_INCLUDE:-/usr/include/eigen3}
[ -e "$catch/catch.hpp" ] || die "this needs the single header of Catch2 v2 in $catch; set CATCH_INCLUDE"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/include"
ln -s "$catch" "$work/include/catch2" # alone: beside it lie headers of this machine
compile() {
  nice -n 10 aarch64-linux-gnu-g++ -std=c++20 -I"$repository/include" -I"$repository/tests" -isystem "$work/include" \
    -isystem "$eigen" "$@"
}

printf '#define CATCH_CONFIG_MAIN\n#include <catch2/catch.hpp>\n' | compile -O0 -x c++ -c - -o "$work/main.o"
for test in "$repository"/tests/kernels/*_test.cpp \
  "$repository"/tests/core/{denormals,products,random,rounding}_test.cpp; do
  say "on AArch64: ${test#"$repository"/}"
  compile -O1 -static "$test" "$work/main.o" -pthread -o "$work/test"
  nice -n 10 qemu-aarch64 "$work/test"
done
