#!/usr/bin/env bash
# Builds the MNIST example for this machine, gets the data, and trains: examples/mnist/run.sh [ARGUMENTS]
#
# The arguments are the program's (--help lists them), and so is the exit code. On Debian and Ubuntu it first installs
# what is missing (as root, or through sudo). MNIST is downloaded once, into ~/.cache/bvae/mnist (or $BVAE_CACHE/mnist),
# unless --data names a folder or --dataset another data set. CXX and CXXFLAGS are honoured.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/setup.sh"
. "$repository/scripts/mnist.sh"

arguments=("$@")
needs_mnist=yes
dataset=
data=
model=mlp
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help* | --version | --data | --data=*) needs_mnist=no ;;&
    --data) data=${2:-} ;;
    --data=*) data=${1#*=} ;;
    --dataset) dataset=${2:-} ;;
    --dataset=*) dataset=${1#*=} ;;
    --model) model=${2:-} ;;
    --model=*) model=${1#*=} ;;
  esac
  shift
done

install_packages "building the MNIST example" \
  cmake ninja-build libeigen3-dev libcli11-dev nlohmann-json3-dev libstb-dev zlib1g-dev
install_compiler

build=$(build_folder mnist)
# The models that were asked for so far: all together they compile for minutes.
known=" conv mlp mlp2d mlp-bn mlp-ln mlp-sn resnet "
models=$(cat "$build/models" 2>/dev/null || true)
[[ $known != *" $model "* || " $models " = *" $model "* ]] || models="${models:+$models }$model"
program=$build/examples/mnist/mnist
[ -x "$program" ] && [ "$models" = "$(cat "$build/models")" ] || say "building the MNIST example; later runs start at once"
{
  cmake -S "$repository" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBVAE_WARNINGS_AS_ERRORS=OFF -DBVAE_IO=ON \
    -DBVAE_BUILD_TESTS=OFF "-DBVAE_MNIST_MODELS=${models// /;}" "-DCMAKE_CXX_FLAGS=${CXXFLAGS:-}" >/dev/null
  cmake --build "$build" --target mnist --parallel "$(parallelism)" -- --quiet |
    sed '/^ninja: no work to do\.$/d' >&2
  printf '%s\n' "$models" >"$build/models"
} </dev/null

if [ "$dataset" = fashion ] && [ $needs_mnist = yes ]; then
  install_packages "the data set Fashion-MNIST" dataset-fashion-mnist || exit 3
elif [ "${dataset:-mnist}" = mnist ] && [ $needs_mnist = yes ]; then
  status=0
  fetch_mnist || status=$?
  if [ $status -gt 128 ]; then exit $status; fi # Interrupted.
  if [ $status -ne 0 ] && [ "$dataset" = mnist ]; then # Asked for by name: nothing else will do.
    say "MNIST could not be downloaded"
    exit 3
  elif [ $status -ne 0 ]; then
    say "********************************************************************************"
    say "MNIST could not be downloaded. Training on the small subset in the repository"
    say "instead (--dataset bundled): its results are NOT those of MNIST."
    say "********************************************************************************"
    arguments+=(--dataset bundled)
  fi
fi
if [ "${dataset:-mnist}" = mnist ] && [ -d "$data" ] && ! have_mnist "$data"; then
  say "********************************************************************************"
  say "The files in $data are NOT those of MNIST:"
  say "their SHA-256 differs. Training on them all the same."
  say "********************************************************************************"
fi
exec "$program" ${arguments[@]+"${arguments[@]}"}
