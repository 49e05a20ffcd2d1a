#!/usr/bin/env bash
# Compares schedules of beta: builds the MNIST example and the program that runs grids of it, gets the data, and runs.
#
#   benchmarks/schedules/run.sh --quick                    a small grid, minutes on two cores
#   benchmarks/schedules/run.sh --schedule constant,warmup,cyclical --beta 1,4 --seed 0..4
#   benchmarks/schedules/run.sh --grid grid.json [--list | --index N]
#
# The arguments are the program's (--help lists them; docs/benchmark.md explains), and so is the exit code. On Debian and
# Ubuntu it first installs what is missing (as root, or through sudo). MNIST is downloaded once, into ~/.cache/bvae/mnist
# (or $BVAE_CACHE/mnist). CXX and CXXFLAGS are honoured.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/setup.sh"
. "$repository/scripts/mnist.sh"
. "$repository/scripts/mnist_program.sh"

arguments=("$@")
runs_something=yes
data=
grid=
models=
datasets=
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help* | --version | --list | summarize) runs_something=no ;;
    --data) data=${2:-} ;;
    --data=*) data=${1#*=} ;;
    --grid) grid=${2:-} ;;
    --grid=*) grid=${1#*=} ;;
    --dataset) datasets+=" ${2:-}" ;;
    --dataset=*) datasets+=" ${1#*=}" ;;
    --model) models+=" ${2:-}" ;;
    --model=*) models+=" ${1#*=}" ;;
  esac
  shift
done
# A file may ask for what only its program can tell: every model and data set whose name it has is made ready.
if [ -f "$grid" ]; then
  for model in conv mlp2d mlp-bn mlp-deep mlp-ln mlp-sn resnet; do
    ! grep -qF "\"$model\"" "$grid" || models+=" $model"
  done
  models+=" mlp" # An object of the file that names no model takes it.
  # One that names no data set takes mnist, unless a flag says another for it.
  [ -n "$datasets" ] || [ "$(grep -oF '"dataset"' "$grid" | wc -l)" -ge "$(grep -oF '{' "$grid" | wc -l)" ] ||
    datasets=" mnist"
  for name in mnist fashion bundled; do ! grep -qF "\"$name\"" "$grid" || datasets+=" $name"; done
fi
datasets=" ${datasets//,/ } "
[ -n "${models// /}" ] || models=mlp
[ "$datasets" != "  " ] || datasets=" mnist "

build_mnist "building the benchmark of schedules" "${models//,/ }" mnist schedules_benchmark

if [ $runs_something = yes ] && [ -z "$data" ]; then
  [[ $datasets != *" fashion "* ]] || install_packages "the data set Fashion-MNIST" dataset-fashion-mnist || exit 3
  if [[ $datasets = *" mnist "* ]]; then
    status=0
    fetch_mnist || status=$?
    if [ $status -gt 128 ]; then exit $status; fi # Interrupted.
    if [ $status -ne 0 ]; then
      say "MNIST could not be downloaded; --dataset bundled needs no download"
      exit 3
    fi
  fi
fi
[[ $datasets != *" mnist "* ]] || warn_of_other_data "$data"
exec "$build/${target_files[schedules_benchmark]}" ${arguments[@]+"${arguments[@]}"}
