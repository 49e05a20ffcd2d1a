# Builds a benchmark with README's flags and runs it; sourced by the run.sh of those that use Google Benchmark:
#
#   run_benchmark NAME [--json FILE] [ARGUMENTS of Google Benchmark]
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/setup.sh"

run_benchmark() {
  local name=$1 arguments=() build
  shift
  while [ $# -gt 0 ]; do
    case $1 in
      --json)
        [ $# -gt 1 ] || die "--json needs a file"
        arguments+=("--benchmark_out=$2" --benchmark_out_format=json)
        shift
        ;;
      --json=*) arguments+=("--benchmark_out=${1#*=}" --benchmark_out_format=json) ;;
      *) arguments+=("$1") ;;
    esac
    shift
  done

  install_packages "the benchmarks" cmake ninja-build libeigen3-dev libbenchmark-dev
  install_compiler

  export CXXFLAGS=${CXXFLAGS:--O2}
  build=$(build_folder benchmarks)
  {
    cmake -S "$repository" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE= -DBVAE_WARNINGS_AS_ERRORS=OFF \
      -DBVAE_BUILD_TESTS=OFF -DBVAE_BUILD_EXAMPLES=OFF -DBVAE_BUILD_BENCHMARKS=ON "-DCMAKE_CXX_FLAGS=$CXXFLAGS" >/dev/null
    cmake --build "$build" --target "$name" --parallel "$(parallelism)" >&2
  } </dev/null
  exec "$build/benchmarks/$name/$name" ${arguments[@]+"${arguments[@]}"}
}
