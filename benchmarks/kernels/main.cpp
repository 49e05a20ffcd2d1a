// Every kernel with every instruction set of this machine: products as GFLOP/s beside the FMA peak of the same
// instruction set, one-pass kernels as values and bytes a second beside a plain copy of memory.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <bvae/bvae.hpp>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "support/fma_peak.hpp"

namespace {

using bvae::Index;
using bvae::kernels::Activation;
using bvae::kernels::Elementary;

/// The best that was ever measured for the instruction set in use, on one thread.
double peak(int runs = 2) {
  static double best[4] = {};
  static bvae::Team team(1);
  double& mine = best[static_cast<std::size_t>(bvae::isa())];
  mine = std::max(mine, bvae_benchmark::fma_peak(team, runs));
  return mine;
}

/// Numbers in (low, high), in an order that nothing can guess.
bvae::Arena<float> numbers(Index count, float low, float high) {
  bvae::Arena<float> values(static_cast<std::size_t>(count));
  std::uint32_t state = 1;
  for (Index i = 0; i < count; ++i) {
    state = state * 1664525u + 1013904223u;
    values.data()[i] = low + (high - low) * static_cast<float>((state >> 8) + 1) * 0x1p-25f;
  }
  return values;
}

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

using Rate = benchmark::Counter;

// ---- products

template <class Product>
void measure_product(benchmark::State& state, Index outputs, Index inputs, Index samples, Product product) {
  const double best = peak();
  const auto w = numbers((outputs + 15) / 16 * bvae::TensorInfo::panel_of(inputs), -0.1f, 0.1f);
  const auto x = numbers(inputs * samples, -1, 1);
  const auto dy = numbers(outputs * samples, -1, 1);
  bvae::Arena<float> to(std::max({w.size(), x.size(), dy.size()}));
  for (auto _ : state) {
    product(w.data(), x.data(), dy.data(), to.data());
    benchmark::ClobberMemory();
  }
  const double operations = 2.0 * static_cast<double>(outputs) * static_cast<double>(inputs) *
                            static_cast<double>(samples) * static_cast<double>(state.iterations());
  state.counters["GFLOP/s"] = Rate(operations * 1e-9, Rate::kIsRate);
  state.counters["share_of_peak"] = Rate(operations / best, Rate::kIsRate);
}

void add_products(Index outputs, Index inputs, Index samples) {
  const std::string shape =
      "/" + std::to_string(outputs) + "x" + std::to_string(inputs) + "/" + std::to_string(samples);
  namespace products = bvae::products;
  add("weights_times_inputs" + shape, [=](benchmark::State& state) {
    measure_product(state, outputs, inputs, samples, [=](const float* w, const float* x, const float*, float* to) {
      products::weights_times_inputs(outputs, inputs, samples, w, x, to);
    });
  });
  add("weights_times_deltas" + shape, [=](benchmark::State& state) {
    measure_product(state, outputs, inputs, samples, [=](const float* w, const float*, const float* dy, float* to) {
      products::weights_times_deltas(outputs, inputs, samples, w, dy, to);
    });
  });
  add("inputs_times_deltas" + shape, [=](benchmark::State& state) {
    measure_product(state, outputs, inputs, samples, [=](const float*, const float* x, const float* dy, float* to) {
      products::inputs_times_deltas(outputs, inputs, samples, x, dy, 0, outputs, to);
    });
  });
}

// ---- one pass

/// `bytes`: read and written for each value.
template <class Pass>
void measure_pass(benchmark::State& state, Index count, int bytes, Pass pass) {
  for (auto _ : state) {
    pass();
    benchmark::ClobberMemory();
  }
  const double values = static_cast<double>(count) * static_cast<double>(state.iterations());
  state.counters["ns/value"] = Rate(values * 1e-9, Rate::kIsRate | Rate::kInvert);
  state.counters["GB/s"] = Rate(values * bytes * 1e-9, Rate::kIsRate);
}

/// Passes that read one array and write another.
template <class Pass>
void add_map(const std::string& name, Index count, float low, float high, Pass pass) {
  add(name + "/" + std::to_string(count), [=](benchmark::State& state) {
    const auto from = numbers(count, low, high);
    bvae::Arena<float> to(static_cast<std::size_t>(count));
    measure_pass(state, count, 8, [&] { pass(count, from.data(), to.data()); });
  });
}

void add_optimizers(Index count) {
  const std::string size = "/" + std::to_string(count);
  add("adam" + size, [=](benchmark::State& state) {
    auto p = numbers(count, -1, 1);
    auto m = numbers(count, -1, 1);
    auto v = numbers(count, 0, 1);
    const auto g = numbers(count, -1, 1);
    const bvae::kernels::AdamCoefficients<float> c{1, 0.9f, 0.1f, 0.999f, 0.001f, 1e-3f, 1e-8f, 1};
    measure_pass(state, count, 28, [&] { bvae::kernels::adam(count, c, g.data(), p.data(), m.data(), v.data()); });
  });
  add("sgd" + size, [=](benchmark::State& state) {
    auto p = numbers(count, -1, 1);
    auto b = numbers(count, -1, 1);
    const auto g = numbers(count, -1, 1);
    const bvae::kernels::SgdCoefficients<float> c{1, 0, 0.9f, 1, 1e-3f, true, false, false};
    measure_pass(state, count, 20, [&] { bvae::kernels::sgd(count, c, g.data(), p.data(), b.data()); });
  });
}

template <Elementary kFunction>
void add_function(const std::string& name, float low, float high) {
  add_map(name, 16384, low, high,
          [](Index count, const float* from, float* to) { bvae::kernels::apply<kFunction, float>(count, from, to); });
}

template <Activation A>
void add_activation(const std::string& name) {
  add_map(name, 16384, -4, 4,
          [](Index count, const float* from, float* to) { bvae::kernels::activate<A, float>(count, from, to, 0.5f); });
  // What the layer put out does not matter for the speed; dy is what it put in.
  add(name + "_backward/16384", [](benchmark::State& state) {
    const auto y = numbers(16384, -0.4f, 0.9f);
    const auto dy = numbers(16384, -1, 1);
    bvae::Arena<float> dx(16384);
    measure_pass(state, 16384, 12, [&] {
      bvae::kernels::activate_backward<A, float>(16384, y.data(), y.data(), dy.data(), dx.data(), 0.5f);
    });
  });
}

void add_losses_and_noise() {
  constexpr Index kFeatures = 784;
  constexpr Index kSamples = 64;
  add("bernoulli/784x64", [](benchmark::State& state) {
    const auto x = numbers(kFeatures * kSamples, 0, 1);
    const auto logits = numbers(kFeatures * kSamples, -8, 8);
    bvae::Arena<float> gradient(static_cast<std::size_t>(kFeatures * kSamples));
    std::vector<double> values(kSamples);
    measure_pass(state, kFeatures * kSamples, 12, [&] {
      bvae::Bernoulli{}(bvae::ConstView<float>(x.data(), kFeatures, kSamples),
                        bvae::ConstView<float>(logits.data(), kFeatures, kSamples), 1.0f, std::span<double>(values),
                        bvae::View<float>(gradient.data(), kFeatures, kSamples));
    });
  });
  const bvae::RandomStream random(bvae::Seed{1}, bvae::Stream::kNoise, 0);
  add("random_uniform/16384", [=](benchmark::State& state) {
    bvae::Arena<float> to(16384);
    measure_pass(state, 16384, 4, [&] { random.uniform(0, std::span<float>(to.data(), 16384)); });
  });
  add("random_normal/16384", [=](benchmark::State& state) {
    bvae::Arena<float> to(16384);
    measure_pass(state, 16384, 4, [&] { random.normal(0, std::span<float>(to.data(), 16384)); });
  });
  add("gather_bytes/784x64", [](benchmark::State& state) {
    const bvae::Dataset data = bvae::Dataset::from_bytes(
        std::vector<std::uint8_t>(static_cast<std::size_t>(kFeatures * kSamples), std::uint8_t{77}), {1, 28, 28});
    std::vector<std::uint32_t> order(kSamples);
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint32_t>(i * 5 % order.size());
    bvae::Arena<float> to(static_cast<std::size_t>(kFeatures * kSamples));
    measure_pass(state, kFeatures * kSamples, 5,
                 [&] { data.gather<float>(std::span<const std::uint32_t>(order), to.data()); });
  });
}

void add_passes() {
  for (const Index count : {Index{16384}, Index{1} << 22}) {  // in the cache, and in memory
    add_map("copy", count, -1, 1, [](Index n, const float* from, float* to) {
      std::memcpy(to, from, static_cast<std::size_t>(n) * sizeof(float));
    });
    add_optimizers(count);
  }
  add("sum_of_squares/16384", [](benchmark::State& state) {
    const auto x = numbers(16384, -1, 1);
    measure_pass(state, 16384, 4,
                 [&] { benchmark::DoNotOptimize(bvae::kernels::sum_of_squares<float>(16384, x.data())); });
  });
  add("all_finite/16384", [](benchmark::State& state) {
    const auto x = numbers(16384, -1, 1);
    measure_pass(state, 16384, 4, [&] { benchmark::DoNotOptimize(bvae::kernels::all_finite<float>(16384, x.data())); });
  });

  add_activation<Activation::kReLU>("relu");
  add_activation<Activation::kLeakyReLU>("leaky_relu");
  add_activation<Activation::kTanh>("tanh_layer");
  add_activation<Activation::kSigmoid>("sigmoid_layer");
  add_activation<Activation::kELU>("elu");
  add_activation<Activation::kSoftplus>("softplus_layer");
  add_activation<Activation::kSiLU>("silu");
  add_activation<Activation::kGELU>("gelu");

  add_function<Elementary::kExp>("exp", -10, 10);
  add_function<Elementary::kExpm1>("expm1", -10, 10);
  add_function<Elementary::kLog>("log", 0, 10);
  add_function<Elementary::kLog1p>("log1p", 0, 10);
  add_function<Elementary::kTanh>("tanh", -4, 4);
  add_function<Elementary::kSigmoid>("sigmoid", -8, 8);
  add_function<Elementary::kSoftplus>("softplus", -8, 8);
  add_function<Elementary::kErf>("erf", -4, 4);
  add_function<Elementary::kErfc>("erfc", -4, 4);
  add_function<Elementary::kSin>("sin", -10, 10);
  add_function<Elementary::kCos>("cos", -10, 10);
  add_function<Elementary::kNormalDistribution>("normal_distribution", -4, 4);
  add("cos_sin_of_turns/16384", [](benchmark::State& state) {
    const auto turn = numbers(16384, 0, 1);
    bvae::Arena<float> cosine(16384);
    bvae::Arena<float> sine(16384);
    measure_pass(state, 16384, 12,
                 [&] { bvae::kernels::cos_sin_of_turns<float>(16384, turn.data(), cosine.data(), sine.data()); });
  });
}

}  // namespace

int main(int count, char** arguments) {
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 2;
  for (const bvae::Isa isa : {bvae::Isa::kBaseline, bvae::Isa::kV3, bvae::Isa::kV4}) {
    if (isa > bvae::best_isa()) continue;
    bvae::use_isa(isa);
    peak(20);
  }
  add("fma_peak", [](benchmark::State& state) {
    for (auto _ : state) state.counters["GFLOP/s"] = peak() * 1e-9;
  });
  for (const Index samples : {Index{8}, Index{128}, Index{512}}) {
    add_products(400, 784, samples);
    add_products(40, 400, samples);
    add_products(400, 20, samples);
    add_products(784, 400, samples);
  }
  add_passes();
  add_losses_and_noise();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
