// Every kernel with every instruction set of this machine: sums of products as GFLOP/s beside the FMA peak of the same
// instruction set, one-pass kernels as values and bytes a second beside a plain copy.
#include <benchmark/benchmark.h>

#include <bvae/bvae.hpp>

#include "measure.hpp"

int main(int count, char** arguments) {
  using namespace bvae_benchmark;
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 2;
  for (const bvae::Isa isa : {bvae::Isa::kBaseline, bvae::Isa::kV3, bvae::Isa::kV4}) {
    if (isa > bvae::best_isa()) continue;
    bvae::use_isa(isa);
    peak(20);
    peak<double>(20);
    for (const Index size : {kInCache, kInMemory}) copy_peak(size, 20);
  }
  add("fma_peak", [](benchmark::State& state) {
    for (auto _ : state) state.counters["GFLOP/s"] = peak() * 1e-9;
  });
  add_products();
  add_convolutions();
  add_passes();
  add_elementary_functions();
  add_losses();
  add_images();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
