#!/usr/bin/env bash
# Builds the MNIST example for this machine, gets the data, and trains: examples/mnist/run.sh [ARGUMENTS]
#
# The arguments are the program's (--help lists them), and so is the exit code. On Debian and Ubuntu it first installs
# what is missing (as root, or through sudo). MNIST is downloaded once, into ~/.cache/bvae/mnist (or $BVAE_CACHE/mnist),
# unless --data names a folder or --dataset another data set. CXX and CXXFLAGS are honoured.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/setup.sh"
. "$repository/scripts/mnist.sh"
. "$repository/scripts/mnist_program.sh"

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

build_mnist "building the MNIST example" "$model" mnist
program=$build/${target_files[mnist]}

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
[ "${dataset:-mnist}" != mnist ] || warn_of_other_data "$data"
exec "$program" ${arguments[@]+"${arguments[@]}"}
