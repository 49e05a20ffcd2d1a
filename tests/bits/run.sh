#!/usr/bin/env bash
# The same seed gives the same bytes: builds tests/bits/train.cpp with many compilers and flags, runs each build with
# every instruction set and 1 to 4 threads, also for AArch64 in an emulator, and compares all that the runs wrote.
#
#   tests/bits/run.sh [--quick]      --quick: the builds that differ most only, for .ci/run
#
# Prints a line for each run: the SHA-256 of model.safetensors, and the beginning of that of all files together. Fails
# unless all runs with a fused multiply-add (v3, v4, AArch64) agree, and the others (baseline of x86-64) among themselves;
# says at the end which of them there were to compare.
# BVAE_BITS_ONLY=REGEX leaves out the builds whose name does not match.
set -euo pipefail
export LC_ALL=C
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/setup.sh"

quick=
case ${1:-} in
  --quick) quick=yes ;;
  "") ;;
  *) die "usage: tests/bits/run.sh [--quick]" ;;
esac

thread_counts=(1 2 3 4)
[ -z "$quick" ] || thread_counts=(1 3) # The suite has 2 and 4.

machine=$(uname -m)
packages=(g++ clang-16 libeigen3-dev)
[ "$machine" != x86_64 ] || packages+=(g++-aarch64-linux-gnu qemu-user)
install_packages "comparing the bits of many builds" "${packages[@]}"

work=$(mktemp -d)
jobs_running=()
cleanup() {
  [ ${#jobs_running[@]} -eq 0 ] || kill "${jobs_running[@]}" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT
gunzip -c "$repository/examples/mnist/data/train-images-idx3-ubyte.gz" >"$work/images"
# A folder of its own: with /usr/include itself a cross compiler would find the headers of the wrong machine.
eigen=${EIGEN_INCLUDE:-/usr/include/eigen3}
[ -e "$eigen/Eigen/Core" ] || die "there is no Eigen in $eigen; set EIGEN_INCLUDE"

# build NAME COMPILER FLAG...
build() {
  local name=$1
  shift
  mkdir -p "$work/$name"
  say "building: $name"
  nice -n 10 "$@" -std=c++20 -I"$repository/include" -isystem "$eigen" "$repository/tests/bits/train.cpp" -pthread \
    -o "$work/$name/train" 2>"$work/$name/log" || { head -n 40 "$work/$name/log" >&2; die "$name does not compile"; }
}

# run NAME ISA THREADS [EMULATOR...]: writes into a folder that says what it is
run() {
  local name=$1 isa=$2 threads=$3
  shift 3
  local group=fused
  [ "$machine $isa $#" != "x86_64 baseline 0" ] || group=baseline
  local folder="$work/runs/$group/$name, $isa, $threads thread"
  [ "$threads" = 1 ] || folder+=s
  mkdir -p "$folder"
  BVAE_ISA=$isa nice -n 10 "$@" "$work/$name/train" "$work/images" "$folder" "$threads" || die "${folder##*/} failed"
}

wanted() { [[ $1 =~ ${BVAE_BITS_ONLY:-} ]]; }

# native COMPILER FLAG...: builds for this machine, and runs with all that it has
native() {
  local name="$*" isa threads
  wanted "$name" || return 0
  build "$name" "$@"
  for isa in $("$work/$name/train" isas); do
    for threads in "${thread_counts[@]}"; do run "$name" "$isa" "$threads"; done
  done
}

# emulated THREADS COMPILER FLAG...
emulated() {
  local threads=$1
  shift
  local name="$*"
  wanted "$name" || return 0
  build "$name" "$@" -static
  run "$name" baseline "$threads" qemu-aarch64
}

# refused ISA WORDS [EMULATOR...]: the program says why, and ends with an ordinary exit code
refused() {
  local isa=$1 words=$2 message status=0
  shift 2
  message=$(BVAE_ISA=$isa "$@" "$some/train" "$work/images" "$work/refused" 3 2>&1) || status=$?
  [ $status = 1 ] || die "BVAE_ISA=$isa: exit code $status instead of 1: $message"
  [[ $message == *"$words"* ]] || die "BVAE_ISA=$isa: the message is '$message'"
}

if [ "$machine" = x86_64 ]; then
  if [ -n "$quick" ]; then
    emulated 2 aarch64-linux-gnu-g++ -O2 &
    jobs_running+=($!)
    native g++ -O1
    native clang++-16 -O3 -march=native
  else
    {
      emulated 1 aarch64-linux-gnu-g++ -O1
      emulated 3 aarch64-linux-gnu-g++ -O3
    } &
    jobs_running+=($!)
    for compiler in g++ clang++-16; do
      native $compiler -O1
      native $compiler -O2
      native $compiler -O3 -march=native
    done
    # What a compiler may do to the order of operations is switched on as far as it is allowed at all.
    native g++ -O0
    native g++ -O2 -mavx2 -mfma -ffp-contract=fast -funroll-loops
    native clang++-16 -O2 -mavx2 -mfma -ffp-contract=fast
  fi
  for job in "${jobs_running[@]}"; do wait "$job" || die "a run for AArch64 failed"; done
  jobs_running=()
else
  native g++ -O1
  native clang++-16 -O3 -mcpu=native
fi

for some in "$work"/*/; do
  some=${some%/}
  # Built for this processor it could not run on the lesser ones that are emulated.
  [ -x "$some/train" ] && [[ $some != *aarch64* && $some != *native* ]] && break
done
if [ -x "$some/train" ] && [[ $some != *aarch64* ]]; then
  refused nonsense "must be baseline, v3 or v4, not 'nonsense'"
  if [ "$machine" = x86_64 ] && [[ $some != *native* ]]; then
    refused v4 "this processor has v3, not v4" qemu-x86_64 -cpu Haswell
    refused v3 "this processor has baseline, not v3" qemu-x86_64 -cpu Westmere
  fi
fi

# ---- the comparison
digest() { sha256sum -- "$@" | cut -d' ' -f1; }
failed=
for group in "$work"/runs/*/; do
  first=
  for folder in "$group"*/; do
    all=$(cd "$folder" && digest * | digest -)
    name=${folder%/}
    name=${name##*/}
    mark=
    if [ -z "$first" ]; then
      first=$folder
    else
      differ=()
      for file in "$folder"*; do cmp -s "$file" "$first${file##*/}" || differ+=("${file##*/}"); done
      for file in "$first"*; do [ -e "$folder${file##*/}" ] || differ+=("${file##*/} (missing)"); done
      if [ ${#differ[@]} -gt 0 ]; then
        mark=" <- differ: ${differ[*]}"
        failed=yes
      fi
    fi
    printf '%-8s %-58s %s %s%s\n' "$(basename "$group")" "$name" "$(digest "$folder/model.safetensors")" "${all:0:8}" "$mark"
  done
done
[ -z "$failed" ] || die "these runs should have written the same bytes"
compared=$({ ls "$work/runs/fused" 2>/dev/null || true; } | sed -E 's/^.*aarch64.*$/AArch64/; s/^.*, (v3|v4|baseline), .*$/\1/' | sort -u | paste -sd ' ')
say "all of each group agree; with a fused multiply-add these were compared: ${compared:-none}"
[ "$machine" != x86_64 ] || [[ $compared == *v4* ]] || say "v4 was NOT compared: this processor does not have it"
