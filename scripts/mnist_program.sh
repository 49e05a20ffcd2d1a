# shellcheck shell=bash
# Shell functions that build the MNIST example and get its data; sourced after setup.sh and mnist.sh.

# Where the targets are that build_mnist can build.
declare -A target_files=([mnist]=examples/mnist/mnist [schedules_benchmark]=benchmarks/schedules/schedules)

# build_mnist PURPOSE MODELS TARGET...: builds the targets with these models of the example, and those that were asked
# for so far: all together they compile for minutes. Sets `build`, the folder of the build. Names that the example does
# not know are left to its own error message.
build_mnist() {
  local purpose=$1 wanted=$2 known=" conv mlp mlp2d mlp-bn mlp-deep mlp-ln mlp-sn resnet " models model target news=
  shift 2
  install_packages "$purpose" cmake ninja-build libeigen3-dev libcli11-dev nlohmann-json3-dev libstb-dev zlib1g-dev
  install_compiler
  build=$(build_folder mnist)
  models=$(cat "$build/models" 2>/dev/null || true)
  for model in $wanted; do
    [[ $known != *" $model "* || " $models " = *" $model "* ]] || models="${models:+$models }$model"
  done
  [ "$models" = "$(cat "$build/models" 2>/dev/null)" ] || news=yes
  for target in "$@"; do [ -x "$build/${target_files[$target]}" ] || news=yes; done
  [ -z "$news" ] || say "$purpose; later runs start at once"
  mkdir -p "$build"
  { # Tasks of an array do this at the same time.
    flock 9
    cmake -S "$repository" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBVAE_WARNINGS_AS_ERRORS=OFF -DBVAE_IO=ON \
      -DBVAE_BUILD_TESTS=OFF -DBVAE_BUILD_BENCHMARKS=ON "-DBVAE_MNIST_MODELS=${models// /;}" \
      "-DCMAKE_CXX_FLAGS=${CXXFLAGS:-}" >/dev/null
    cmake --build "$build" --target "$@" --parallel "$(parallelism)" -- --quiet |
      sed '/^ninja: no work to do\.$/d' >&2
    printf '%s\n' "$models" >"$build/models"
  } </dev/null 9>"$build/lock"
}

# warn_of_other_data FOLDER: it has a data set, but not MNIST.
warn_of_other_data() {
  if [ -d "$1" ] && ! have_mnist "$1"; then
    say "********************************************************************************"
    say "The files in $1 are NOT those of MNIST:"
    say "their SHA-256 differs. Training on them all the same."
    say "********************************************************************************"
  fi
}
