// Speed of a whole training step (data, noise, forward, loss, backward, Adam) of the MLP 784-400-20 and of the
// convolutional model of Burgess et al., beside the measured FMA peak of the instruction set in use (the label).
#include <benchmark/benchmark.h>

#include <algorithm>
#include <bvae/bvae.hpp>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/burgess.hpp"
#include "support/fma_peak.hpp"
#include "support/mlp.hpp"
#include "support/operations.hpp"

namespace {

/// Grey square images; what they show does not matter here.
bvae::Dataset pixels(bvae::Index samples, bvae::Index side) {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(samples * side * side));
  std::uint32_t state = 1;
  for (std::uint8_t& byte : bytes) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<std::uint8_t>(state >> 28 < 13 ? 0 : state >> 24);
  }
  return bvae::Dataset::from_bytes(std::move(bytes), {1, side, side});
}

/// An epoch has about `samples` samples.
template <class Model>
void training_step(benchmark::State& state, bvae::Index samples) {
  const bvae::Index batch = state.range(0);
  const int threads = static_cast<int>(state.range(1));
  const bvae::Index steps = std::clamp<bvae::Index>(samples / batch, 10, 512);
  const bvae::Dataset data = pixels(batch * steps, Model::Vae::Input::kHeight);
  bvae::Team team(threads);
  const bvae_benchmark::Operations operations = bvae_benchmark::operations_per_sample<Model>();
  double seconds = 0;
  double trained = 0;
  static double peaks[64] = {};  // for each number of threads the best of all repetitions
  double& peak = peaks[std::min(threads, 63)];
  for (auto _ : state) {
    typename Model::Vae model{bvae::Seed{1}};
    bvae::Trainer trainer{model, bvae::Bernoulli{}, bvae::Kl{}, bvae::Constant{1.0}, bvae::Adam{}};
    peak = std::max(peak, bvae_benchmark::fma_peak(team));
    // The first epoch warms up: memory is touched, threads are awake.
    const bvae::History history = trainer.fit(data, {.epochs = 2, .batch_size = batch, .threads = threads});
    state.SetIterationTime(history.epochs.back().seconds);
    seconds += history.epochs.back().seconds;
    trained += static_cast<double>(data.size());
  }
  state.SetItemsProcessed(state.iterations() * data.size());
  state.counters["step_ms"] = 1e3 * seconds / static_cast<double>(state.iterations() * steps);
  const double flops = trained * operations.all;
  state.counters["GFLOP/s"] = flops / seconds * 1e-9;
  state.counters["peak_GFLOP/s"] = peak * 1e-9;
  state.counters["share_of_peak"] = flops / seconds / peak;
  state.counters["share_without_padding"] = trained * (operations.all - operations.padding) / seconds / peak;
  state.SetLabel(std::string(bvae::name(bvae::isa())));
}

void mlp_step(benchmark::State& state) { training_step<bvae_benchmark::Mlp>(state, 8192); }
void burgess_step(benchmark::State& state) { training_step<bvae_benchmark::Burgess>(state, 640); }

void peak(benchmark::State& state) {
  bvae::Team team(static_cast<int>(state.range(0)));
  double best = 0;
  for (auto _ : state) best = std::max(best, bvae_benchmark::fma_peak(team, 1));
  state.counters["peak_GFLOP/s"] = best * 1e-9;
}

}  // namespace

BENCHMARK(peak)->ArgName("threads")->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond);
BENCHMARK(mlp_step)
    ->ArgNames({"batch", "threads"})
    ->ArgsProduct({{1, 16, 128, 512}, {1, 2}})
    ->UseManualTime()
    ->Iterations(1)
    ->Repetitions(9)
    ->ReportAggregatesOnly(true)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(burgess_step)
    ->ArgNames({"batch", "threads"})
    ->ArgsProduct({{16, 64}, {1, 2}})
    ->UseManualTime()
    ->Iterations(1)
    ->Repetitions(9)
    ->ReportAggregatesOnly(true)
    ->Unit(benchmark::kMillisecond);

BENCHMARK_MAIN();
