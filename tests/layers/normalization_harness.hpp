// What every layer that normalises must do, whatever it computes.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

#include "bvae/bvae.hpp"
#include "bvae/testing/gradient_check.hpp"
#include "layers/harness.hpp"
#include "support/catch.hpp"
#include "support/isas.hpp"

namespace harness {

/// Both gradients, at 3 samples and at more than two shards. Not for SpectralNorm in training, whose state moves.
template <bvae::Shape In, class... Layers>
void check_gradients(bvae::Mode mode = bvae::Mode::kTraining) {
  for (const bvae::Index samples : {3, 8, 20}) {
    const auto result = bvae::testing::check_layers<In, Layers...>(bvae::Seed{11}, samples, 0.0, {.mode = mode});
    INFO(samples << " samples: input " << result.input.relative_error << ", parameters "
                 << result.parameters.relative_error);
    CHECK(result.input.checked > 0);
    CHECK(result.parameters.checked > 0);
    CHECK(result.relative_error() <= 1e-8);
  }
}

/// Steps of training, gradients, state and an evaluation: the same bits for 1 to 4 threads, for all instruction sets
/// with a fused multiply-add, and in a workspace for more samples.
template <class Net, class Scalar>
void check_bits() {
  for (const bvae::Index samples : {2, 3, 17, 40}) {
    INFO("samples " << samples);
    const Results<Scalar> one = train<Net, Scalar>(1, samples, samples, true);
    for (int threads = 2; threads <= 4; ++threads)
      check_same_bits(train<Net, Scalar>(threads, samples, samples, true), one);
    const Results<Scalar> large = train<Net, Scalar>(2, samples, 64, true);
    CHECK(bvae_test::same_bits(large.outputs, one.outputs));
    CHECK(bvae_test::same_bits(large.gradient, one.gradient));
    CHECK(bvae_test::same_bits(large.state, one.state));
    // Without a gradient for the input the others stay as they are.
    const Results<Scalar> first = train<Net, Scalar>(2, samples, samples, false);
    CHECK(bvae_test::same_bits(first.gradient, one.gradient));
    CHECK(bvae_test::same_bits(first.state, one.state));
    std::vector<Results<Scalar>> all;
    for (const bvae::Isa isa : bvae_test::compared_isas()) {
      const bvae_test::UsingIsa using_isa(isa);
      all.push_back(train<Net, Scalar>(2, samples, samples, true));
      check_same_bits(all.back(), all.front());
    }
  }
}
template <class Net>
void check_bits() {
  check_bits<Net, float>();
  check_bits<Net, double>();
}

/// One layer on a batch, in training or in evaluation.
template <class Net>
struct OneLayer {
  using Scalar = double;
  explicit OneLayer(bvae::Index count)
      : input(static_cast<std::size_t>(Net::Input::kSize * count)),
        input_delta(input.size()),
        parameters(static_cast<std::size_t>(Net::kParameters)),
        gradient(parameters.size()),
        state(static_cast<std::size_t>(Net::kState)),
        a(count, input.data(), input_delta.data()),
        samples(count) {
    Net::initialize(parameters.data(), bvae::Seed{1}, 0);
    Net::initialize_state(parameters.data(), state.data(), bvae::Seed{1}, 0);
    bvae::RandomStream(bvae::Seed{2}, bvae::Stream::kUser).normal(0, std::span<double>(input));
  }
  bvae::ConstView<double> forward(bvae::Mode mode) {
    Net::forward(bvae::Pass(mode, {}, samples), parameters.data(), state.data(), a);
    return {a.output(), Net::Output::kSize, samples};
  }
  bvae::Arena<double> input, input_delta, parameters, gradient, state;
  typename Net::template Activations<double> a;
  bvae::Index samples;
};

}  // namespace harness
