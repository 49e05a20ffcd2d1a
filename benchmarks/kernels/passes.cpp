// Kernels that pass over arrays of any meaning: optimizers, reductions, noise, data, normalisation.
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "measure.hpp"

namespace bvae_benchmark {

namespace {

namespace kernels = bvae::kernels;

void add_optimizers(Index count) {
  add(numbered("adam", count), [=](benchmark::State& state) {
    auto p = numbers(count), m = numbers(count), v = numbers(count, 0.0f, 1.0f);
    const auto g = numbers(count);
    const kernels::AdamCoefficients<float> c{1, 0.9f, 0.1f, 0.999f, 0.001f, 1e-3f, 1e-8f, 1};
    measure_pass(state, count, 28, [&] { kernels::adam(count, c, g.data(), p.data(), m.data(), v.data()); });
  });
  add(numbered("sgd", count), [=](benchmark::State& state) {
    auto p = numbers(count), b = numbers(count);
    const auto g = numbers(count);
    const kernels::SgdCoefficients<float> c{1, 0, 0.9f, 1, 1e-3f, true, false, false};
    measure_pass(state, count, 20, [&] { kernels::sgd(count, c, g.data(), p.data(), b.data()); });
  });
}

/// A reduction of one array.
template <class Pass>
void add_reduction(const std::string& name, Pass pass) {
  add(numbered(name, kInCache), [pass](benchmark::State& state) {
    const auto x = numbers(kInCache);
    measure_pass(state, kInCache, 4, [&] { benchmark::DoNotOptimize(pass(x.data())); });
  });
}

void add_noise_and_data() {
  const bvae::RandomStream random(bvae::Seed{1}, bvae::Stream::kNoise, 0);
  add(numbered("random_uniform", kInCache), [=](benchmark::State& state) {
    bvae::Arena<float> to(kInCache);
    measure_pass(state, kInCache, 4, [&] { random.uniform(0, std::span<float>(to.data(), kInCache)); });
  });
  add(numbered("random_normal", kInCache), [=](benchmark::State& state) {
    bvae::Arena<float> to(kInCache);
    measure_pass(state, kInCache, 4, [&] { random.normal(0, std::span<float>(to.data(), kInCache)); });
  });
  add(numbered("random_bernoulli", kInCache), [](benchmark::State& state) {
    auto values = numbers(kInCache, 0.0f, 1.0f);
    measure_pass(state, kInCache, 8, [&] {
      kernels::draw<float>(kernels::Draw::kBernoulli, {{1, 2}, 3, 4, 5}, 0, kInCache, values.data());
    });
  });
  add("gather_bytes/784x64", [](benchmark::State& state) {
    constexpr Index kFeatures = 784, kSamples = 64;
    const bvae::Dataset data = bvae::Dataset::from_bytes(
        std::vector<std::uint8_t>(static_cast<std::size_t>(kFeatures * kSamples), std::uint8_t{77}), {1, 28, 28});
    std::vector<std::uint32_t> order(kSamples);
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint32_t>(i * 5 % order.size());
    bvae::Arena<float> to(static_cast<std::size_t>(kFeatures * kSamples));
    measure_pass(state, kFeatures * kSamples, 5,
                 [&] { data.gather<float>(std::span<const std::uint32_t>(order), to.data()); });
  });
  add(numbered("drop", kInCache), [](benchmark::State& state) {
    const auto x = numbers(kInCache);
    auto y = numbers(kInCache, 0.0f, 1.0f);
    measure_pass(state, kInCache, 12, [&] { kernels::drop<float>(kInCache, x.data(), 0.5f, 2.0f, y.data()); });
  });
}

/// BatchNorm of `rows` features.
void add_normalization_of_rows(Index rows) {
  struct Layer {
    explicit Layer(Index rows)
        : x(numbers(kInCache)),
          dy(numbers(kInCache)),
          y(numbers(kInCache)),
          center(numbers(rows)),
          scale(numbers(rows)),
          offset(numbers(rows)),
          slope(numbers(rows)),
          wide(numbers<double>(rows)),
          sums(numbers<double>(rows)),
          products(numbers<double>(rows)) {}
    bvae::Arena<float> x, dy, y, center, scale, offset, slope;
    bvae::Arena<double> wide, sums, products;
  };
  const auto add_pass = [rows](const std::string& name, double bytes, auto pass) {
    add(numbered(name, rows) + "x" + std::to_string(kInCache / rows), [=](benchmark::State& state) {
      Layer layer(rows);
      measure_pass(state, kInCache, bytes, [&] { pass(layer); });
    });
  };
  add_pass("row_sums", 4, [=](Layer& l) { kernels::row_sums<float>(rows, kInCache, l.x.data(), l.sums.data()); });
  add_pass("squared_deviations", 4, [=](Layer& l) {
    kernels::squared_deviations<float>(rows, kInCache, l.x.data(), l.wide.data(), l.sums.data());
  });
  add_pass("deviation_products", 8, [=](Layer& l) {
    kernels::deviation_products<float>(rows, kInCache, l.x.data(), l.center.data(), l.dy.data(), l.sums.data(),
                                       l.products.data());
  });
  add_pass("normalize", 8, [=](Layer& l) {
    kernels::normalize<float>(rows, kInCache, l.x.data(), l.center.data(), l.scale.data(), l.offset.data(), l.y.data());
  });
  add_pass("normalize_backward", 12, [=](Layer& l) {
    kernels::normalize_backward<float>(rows, kInCache, l.x.data(), l.center.data(), l.dy.data(), l.scale.data(),
                                       l.offset.data(), l.slope.data(), l.y.data());
  });
  // The moments of 128 samples, in shards of 8; a value is a row of a shard.
  constexpr Index kShards = 128 / bvae::kShardSamples;
  add(numbered("merge_moments", rows) + "x" + std::to_string(kShards), [rows](benchmark::State& state) {
    const auto sums = numbers<double>(rows * kShards), squares = numbers<double>(rows * kShards, 0.0, 1.0);
    bvae::Arena<double> mean(static_cast<std::size_t>(rows)), square(static_cast<std::size_t>(rows));
    measure_pass(state, rows * kShards, 17, [&] {
      kernels::merge_moments(rows, kShards, rows, 8, 8, sums.data(), squares.data(), mean.data(), square.data());
    });
  });
}

/// LayerNorm of 400 features, sample after sample.
void add_normalization_of_runs() {
  constexpr Index kFeatures = 400, kSamples = 40;
  struct Layer {
    bvae::Arena<float> x = numbers(kFeatures * kSamples), dy = numbers(kFeatures * kSamples),
                       y = numbers(kFeatures * kSamples), weight = numbers(kFeatures), bias = numbers(kFeatures);
    bvae::Arena<double> d_weight = numbers<double>(kFeatures), d_bias = numbers<double>(kFeatures);
  };
  const auto add_pass = [](const std::string& name, double bytes, auto pass) {
    add(name + "/400x40", [=](benchmark::State& state) {
      Layer layer;
      measure_pass(state, kFeatures * kSamples, bytes, [&] {
        for (Index first = 0; first < kFeatures * kSamples; first += kFeatures) pass(layer, first);
      });
    });
  };
  add_pass("normalize_run", 16, [](Layer& l, Index first) {
    kernels::normalize_run<float>(kFeatures, l.x.data() + first, 0.1f, 0.9f, l.weight.data(), l.bias.data(),
                                  l.y.data() + first);
  });
  add_pass("normalize_run_sums", 44, [](Layer& l, Index first) {
    double sum = 0, product = 0;
    kernels::normalize_run_sums<float>(kFeatures, l.x.data() + first, 0.1f, 0.9f, l.weight.data(), l.dy.data() + first,
                                       &sum, &product, l.d_weight.data(), l.d_bias.data());
    benchmark::DoNotOptimize(sum + product);
  });
  add_pass("normalize_run_backward", 16, [](Layer& l, Index first) {
    kernels::normalize_run_backward<float>(kFeatures, l.x.data() + first, 0.1f, 0.9f, l.weight.data(),
                                           l.dy.data() + first, 0.1f, 0.2f, l.y.data() + first);
  });
}

/// SpectralNorm around a layer of 784 inputs and 400 outputs: products of its weights with one vector.
void add_spectral_norm() {
  constexpr Index kColumns = 784, kPanels = 400 / 16, kPanel = 16 * (kColumns + 1), kValues = kPanels * 16 * kColumns;
  struct Layer {
    bvae::Arena<float> w = numbers(kPanels * kPanel, -0.1f, 0.1f), u = numbers(16 * kPanels), v = numbers(kColumns);
    bvae::Arena<double> t = numbers<double>(kColumns);
  };
  const auto add_pass = [](const std::string& name, double bytes, auto pass) {
    add(name + "/400x784", [=](benchmark::State& state) {
      Layer layer;
      measure_pass(state, kValues, bytes, [&] { pass(layer); });
    });
  };
  add_pass("panels_times_vector", 4, [](Layer& l) {
    kernels::panels_times_vector<float>(kPanels, kColumns, l.w.data(), kPanel, l.v.data(), l.t.data());
  });
  add_pass("vector_times_panels", 4, [](Layer& l) {
    kernels::vector_times_panels<float>(kPanels, kColumns, l.w.data(), kPanel, l.u.data(), l.t.data());
  });
  add_pass("subtract_outer_product", 8, [](Layer& l) {
    kernels::subtract_outer_product<float>(kPanels, kColumns, l.w.data(), kPanel, 1e-3f, l.u.data(), l.v.data(), 1.0f);
  });
  add_map("divide", kInCache, -1, 1, [](Index n, const float* x, float* y) { kernels::divide<float>(n, x, 3, y); });
}

}  // namespace

void add_passes() {
  for (const Index count : {kInCache, kInMemory}) {
    add_map("copy", count, -1, 1, [](Index n, const float* from, float* to) { copy(n, from, to); });
    add_optimizers(count);
  }
  add_reduction("sum_of_squares", [](const float* x) { return kernels::sum_of_squares<float>(kInCache, x); });
  add_reduction("all_finite", [](const float* x) { return kernels::all_finite<float>(kInCache, x); });
  add_noise_and_data();
  add_normalization_of_rows(32);  // channels
  add_normalization_of_rows(400);
  add_normalization_of_runs();
  add_spectral_norm();
}

}  // namespace bvae_benchmark
