// What the files of this program share: every kernel with every instruction set of this machine, beside a peak that was
// measured with the same instruction set in the same run. For sums of products that is the FMA peak; for one-pass
// kernels a plain copy, of as many bytes as fit into the cache or of a large array.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <bvae/bvae.hpp>
#include <cstdint>
#include <string>

#include "support/copy_speed.hpp"
#include "support/fma_peak.hpp"

namespace bvae_benchmark {

using bvae::Index;
using Rate = benchmark::Counter;

/// Values of an array that passes work on: in the second cache with its result, and beyond all caches.
constexpr Index kInCache = 16384;
constexpr Index kInMemory = Index{1} << 22;

inline std::string numbered(const std::string& name, Index count) { return name + "/" + std::to_string(count); }

/// The best that was ever measured for the instruction set in use, on one thread.
template <class S = float>
double peak(int runs = 2) {
  static double best[4] = {};
  static bvae::Team team(1);
  double& mine = best[static_cast<std::size_t>(bvae::isa())];
  mine = std::max(mine, fma_peak<S>(team, runs));
  return mine;
}
inline double copy_peak(Index count, int runs = 2) {
  static double best[2][4] = {};
  const bool in_memory = count >= kInMemory;
  double& mine = best[in_memory ? 1 : 0][static_cast<std::size_t>(bvae::isa())];
  mine = std::max(mine, copy_speed(in_memory ? kInMemory : kInCache, runs));
  return mine;
}

/// Numbers in (low, high), in an order that nothing can guess.
template <class S = float>
bvae::Arena<S> numbers(Index count, S low = -1, S high = 1) {
  bvae::Arena<S> values(static_cast<std::size_t>(count));
  std::uint32_t state = 1;
  for (Index i = 0; i < count; ++i) {
    state = state * 1664525u + 1013904223u;
    values.data()[i] = low + (high - low) * (static_cast<S>((state >> 8) + 1) * S(0x1p-25));
  }
  return values;
}

/// Registers a benchmark for each instruction set.
template <class Function>
void add(const std::string& name, Function function) {
  for (const bvae::Isa isa : {bvae::Isa::kBaseline, bvae::Isa::kV3, bvae::Isa::kV4}) {
    if (isa > bvae::best_isa()) continue;
    benchmark::RegisterBenchmark((name + "/" + std::string(bvae::name(isa))).c_str(),
                                 [isa, function](benchmark::State& state) {
                                   bvae::use_isa(isa);
                                   function(state);
                                 });
  }
}

/// `operations` of one call, on values of type S; a multiply-add counts two.
template <class S = float, class Work>
void measure_operations(benchmark::State& state, double operations, Work work) {
  const double best = peak<S>();
  for (auto _ : state) {
    work();
    benchmark::ClobberMemory();
  }
  operations *= static_cast<double>(state.iterations());
  state.counters["GFLOP/s"] = Rate(operations * 1e-9, Rate::kIsRate);
  state.counters["share_of_peak"] = Rate(operations / best, Rate::kIsRate);
}

/// One pass over `count` values; `bytes` are read and written for each. A pass that only reads may be faster than a
/// copy.
template <class Pass>
void measure_pass(benchmark::State& state, Index count, double bytes, Pass pass) {
  const double best = copy_peak(count);
  for (auto _ : state) {
    pass();
    benchmark::ClobberMemory();
  }
  const double values = static_cast<double>(count) * static_cast<double>(state.iterations());
  state.counters["ns/value"] = Rate(values * 1e-9, Rate::kIsRate | Rate::kInvert);
  state.counters["GB/s"] = Rate(values * bytes * 1e-9, Rate::kIsRate);
  state.counters["share_of_peak"] = Rate(values * bytes / best, Rate::kIsRate);
}

/// A pass that reads one array and writes another.
template <class Pass>
void add_map(const std::string& name, Index count, float low, float high, Pass pass) {
  add(numbered(name, count), [=](benchmark::State& state) {
    const auto from = numbers(count, low, high);
    bvae::Arena<float> to(static_cast<std::size_t>(count));
    measure_pass(state, count, 8, [&] { pass(count, from.data(), to.data()); });
  });
}

// Each in the file of its name.
void add_products();
void add_convolutions();
void add_elementary_functions();
void add_passes();
void add_losses();
void add_images();

}  // namespace bvae_benchmark
