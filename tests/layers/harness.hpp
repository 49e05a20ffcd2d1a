/// Networks, what training them gives, and the comparison of two such results.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "bvae/core/arena.hpp"
#include "bvae/core/batch.hpp"
#include "bvae/core/random.hpp"
#include "bvae/core/team.hpp"
#include "bvae/layers/flatten.hpp"
#include "bvae/layers/linear.hpp"
#include "bvae/layers/network.hpp"
#include "bvae/layers/relu.hpp"
#include "bvae/layers/tanh.hpp"
#include "layers/center.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"

namespace harness {

using Pictures = bvae::Network<bvae::Image<3, 4, 5>, bvae::Flatten, bvae::Linear<70>, bvae::Tanh, bvae::Linear<9>>;
using Wide = bvae::Network<bvae::Features<5>, bvae::Linear<1>, bvae::ReLU, bvae::Linear<112>, bvae::Linear<113>,
                           bvae::Linear<784>>;
using Centered =
    bvae::Network<bvae::Features<20>, bvae::Linear<33>, Center, bvae::Tanh, bvae::Linear<17>, Center, bvae::Linear<5>>;

/// Everything that two steps of training and one evaluation of a network give.
template <class Scalar>
struct Results {
  std::vector<Scalar> outputs, evaluated, input_delta, gradient, state;
  std::vector<double> squares;
};

template <class Net, class Scalar>
Results<Scalar> train(int threads, bvae::Index samples, bvae::Index capacity, bool with_input_delta) {
  bvae::Arena<Scalar> input(static_cast<std::size_t>(Net::Input::kSize * capacity)), input_delta(input.size());
  bvae::Arena<Scalar> parameters(static_cast<std::size_t>(Net::kParameters)), gradient(parameters.size());
  bvae::Arena<Scalar> state(static_cast<std::size_t>(Net::kState));
  Net::initialize(parameters.data(), bvae::Seed{3}, 0);
  Net::initialize_state(parameters.data(), state.data(), bvae::Seed{3}, 0);
  typename Net::template Activations<Scalar> a(capacity, input.data(), with_input_delta ? input_delta.data() : nullptr);
  const std::vector<bvae::GradientTask> tasks = Net::gradient_tasks();
  Results<Scalar> results;
  results.squares.resize(tasks.size());
  const auto outputs = static_cast<std::size_t>(Net::Output::kSize * samples);
  bvae::Team team(threads);
  for (std::uint64_t step = 0; step < 2; ++step) {
    const bvae::RandomStream random(bvae::Seed{4}, bvae::Stream::kUser, step);
    random.normal(0, std::span<Scalar>(input));
    std::vector<Scalar> upstream(outputs);
    random.normal(1, std::span<Scalar>(upstream));
    team.run([&](const bvae::Member& member) {
      const bvae::Pass pass(bvae::Mode::kTraining, member, samples);
      Net::forward(pass, parameters.data(), state.data(), a);
      pass.for_own_shards([&](bvae::Shard s) {
        const bvae::Index rows = Net::Output::kSize;
        std::copy_n(upstream.data() + s.first * rows, s.count * rows, a.output_delta() + s.first * rows);
      });
      Net::backward(pass, parameters.data(), a);
      member.barrier();
      for (std::size_t t = static_cast<std::size_t>(member.rank()); t < tasks.size();
           t += static_cast<std::size_t>(member.size()))
        results.squares[t] = Net::gradient(tasks[t], samples, parameters.data(), a, gradient.data());
      member.barrier();
    });
  }
  results.outputs.assign(a.output(), a.output() + outputs);
  team.run([&](const bvae::Member& member) {
    Net::forward(bvae::Pass(bvae::Mode::kEvaluation, member, samples), parameters.data(), state.data(), a);
  });
  results.evaluated.assign(a.output(), a.output() + outputs);
  results.input_delta.assign(input_delta.begin(), input_delta.end());
  results.gradient.assign(gradient.begin(), gradient.end());
  results.state.assign(state.begin(), state.end());
  return results;
}

template <class Scalar>
void check_same_bits(const Results<Scalar>& a, const Results<Scalar>& b) {
  CHECK(bvae_test::same_bits(a.outputs, b.outputs));
  CHECK(bvae_test::same_bits(a.evaluated, b.evaluated));
  CHECK(bvae_test::same_bits(a.input_delta, b.input_delta));
  CHECK(bvae_test::same_bits(a.gradient, b.gradient));
  CHECK(bvae_test::same_bits(a.state, b.state));
  CHECK(bvae_test::same_bits(a.squares, b.squares));
}

}  // namespace harness
