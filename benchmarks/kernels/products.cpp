// Products of the MLP's sizes, and what packs their operands.
#include <algorithm>
#include <string>

#include "measure.hpp"

namespace bvae_benchmark {

namespace {

namespace products = bvae::products;

template <class S, class Product>
void add_product(const std::string& name, Index outputs, Index inputs, Index samples, Product product) {
  const std::string type = sizeof(S) == sizeof(float) ? "" : "_double";
  const std::string shape = "/" + std::to_string(outputs) + "x" + std::to_string(inputs);
  add(numbered(name + type + shape, samples), [=](benchmark::State& state) {
    const auto w = numbers<S>((outputs + 15) / 16 * bvae::TensorInfo::panel_of(inputs), S(-0.1), S(0.1));
    const auto x = numbers<S>(inputs * samples);
    const auto dy = numbers<S>(outputs * samples);
    bvae::Arena<S> to(std::max({w.size(), x.size(), dy.size()}));
    const double multiplied = static_cast<double>(outputs) * static_cast<double>(inputs) * static_cast<double>(samples);
    measure_operations<S>(state, 2 * multiplied, [&] { product(w.data(), x.data(), dy.data(), to.data()); });
  });
}

template <class S = float>
void add_products_of(Index outputs, Index inputs, Index samples) {
  add_product<S>("weights_times_inputs", outputs, inputs, samples, [=](const S* w, const S* x, const S*, S* to) {
    products::weights_times_inputs(outputs, inputs, samples, w, x, to);
  });
  add_product<S>("weights_times_deltas", outputs, inputs, samples, [=](const S* w, const S*, const S* dy, S* to) {
    products::weights_times_deltas(outputs, inputs, samples, w, dy, to);
  });
  add_product<S>("inputs_times_deltas", outputs, inputs, samples, [=](const S*, const S* x, const S* dy, S* to) {
    products::inputs_times_deltas(outputs, inputs, samples, x, dy, 0, outputs, to);
  });
}

}  // namespace

void add_products() {
  for (const Index samples : {Index{1}, Index{8}, Index{16}, Index{128}, Index{512}}) {
    add_products_of(400, 784, samples);
    add_products_of(40, 400, samples);
    add_products_of(400, 20, samples);
    add_products_of(784, 400, samples);
  }
  add_products_of<double>(400, 784, 128);
  // The deltas of 400 outputs, panel after panel.
  constexpr Index kOutputs = 400, kSamples = 128, kPanel = 16;
  add("transpose/400x128", [](benchmark::State& state) {
    const auto from = numbers(kOutputs * kSamples);
    bvae::Arena<float> to(from.size());
    measure_pass(state, kOutputs * kSamples, 8, [&] {
      for (Index s = 0; s < kSamples; s += kPanel)
        bvae::kernels::transpose<float>(kOutputs, kPanel, from.data() + s * kOutputs, kOutputs,
                                        to.data() + s * kOutputs, kPanel);
    });
  });
  add("copy_to_panel/400x128", [](benchmark::State& state) {
    const auto from = numbers(kOutputs * kSamples);
    bvae::Arena<float> to(from.size()), sums(kPanel);
    measure_pass(state, kOutputs * kSamples, 8, [&] {
      for (Index r = 0; r < kOutputs; r += kPanel)
        bvae::kernels::copy_to_panel<float>(kPanel, kSamples, from.data() + r, kOutputs, to.data() + r * kSamples,
                                            sums.data(), false);
    });
  });
}

}  // namespace bvae_benchmark
