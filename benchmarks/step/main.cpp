// Speed of a whole training step of the MLP 784-400-20 (data, noise, forward, loss, backward, Adam), beside the
// measured FMA peak of the instruction set in use (the label).
#include <benchmark/benchmark.h>

#include <algorithm>
#include <bvae/bvae.hpp>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/fma_peak.hpp"
#include "support/mlp.hpp"

namespace {

using Model = bvae_benchmark::Mlp;

/// Grey pixels; what they show does not matter here.
bvae::Dataset pixels(bvae::Index samples) {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(samples * Model::kFeatures));
  std::uint32_t state = 1;
  for (std::uint8_t& byte : bytes) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<std::uint8_t>(state >> 28 < 13 ? 0 : state >> 24);
  }
  return bvae::Dataset::from_bytes(std::move(bytes), {1, 28, 28});
}

void training_step(benchmark::State& state) {
  const bvae::Index batch = state.range(0);
  const int threads = static_cast<int>(state.range(1));
  const bvae::Index steps = std::clamp<bvae::Index>(8192 / batch, 20, 512);
  const bvae::Dataset data = pixels(batch * steps);
  bvae::Team team(threads);
  double seconds = 0;
  double flops = 0;
  static double peaks[64] = {};  // for each number of threads the best of all repetitions
  double& peak = peaks[std::min(threads, 63)];
  for (auto _ : state) {
    Model model{bvae::Seed{1}};
    bvae::Trainer trainer{model, bvae::Bernoulli{}, bvae::Kl{}, bvae::Constant{1.0}, bvae::Adam{}};
    peak = std::max(peak, bvae_benchmark::fma_peak(team));
    // The first epoch warms up: memory is touched, threads are awake.
    const bvae::History history = trainer.fit(data, {.epochs = 2, .batch_size = batch, .threads = threads});
    state.SetIterationTime(history.epochs.back().seconds);
    seconds += history.epochs.back().seconds;
    flops += bvae_benchmark::flops_per_sample<Model>() * static_cast<double>(data.size());
  }
  state.SetItemsProcessed(state.iterations() * data.size());
  state.counters["step_ms"] = 1e3 * seconds / static_cast<double>(state.iterations() * steps);
  state.counters["GFLOP/s"] = flops / seconds * 1e-9;
  state.counters["peak_GFLOP/s"] = peak * 1e-9;
  state.counters["share_of_peak"] = flops / seconds / peak;
  state.SetLabel(std::string(bvae::name(bvae::isa())));
}

void peak(benchmark::State& state) {
  bvae::Team team(static_cast<int>(state.range(0)));
  double best = 0;
  for (auto _ : state) best = std::max(best, bvae_benchmark::fma_peak(team, 1));
  state.counters["peak_GFLOP/s"] = best * 1e-9;
}

}  // namespace

BENCHMARK(peak)->ArgName("threads")->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond);
BENCHMARK(training_step)
    ->ArgNames({"batch", "threads"})
    ->ArgsProduct({{1, 16, 128, 512}, {1, 2}})
    ->UseManualTime()
    ->Iterations(1)
    ->Repetitions(9)
    ->ReportAggregatesOnly(true)
    ->Unit(benchmark::kMillisecond);

BENCHMARK_MAIN();
