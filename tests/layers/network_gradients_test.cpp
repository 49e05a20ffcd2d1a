#include "bvae/layers/network.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "bvae/layers/silu.hpp"
#include "bvae/testing/gradient_check.hpp"
#include "layers/harness.hpp"
#include "support/catch.hpp"

using namespace bvae;
using harness::Centered;
using harness::Pictures;
using harness::Results;
using harness::train;
using harness::Wide;

TEST_CASE("Network: gradient tasks cover every row of every layer exactly once", "[network]") {
  const std::array<Index, 5> rows{1, 0, 112, 113, 784};
  std::array<std::vector<int>, 5> seen;
  for (std::size_t i = 0; i < 5; ++i) seen[i].resize(static_cast<std::size_t>(rows[i]));
  for (const GradientTask& task : Wide::gradient_tasks()) {
    CHECK(task.count >= 1);
    CHECK(task.count <= 48);
    CHECK(task.first % 16 == 0);  // whole panels
    for (Index r = task.first; r < task.first + task.count; ++r)
      ++seen.at(static_cast<std::size_t>(task.layer)).at(static_cast<std::size_t>(r));
  }
  for (const std::vector<int>& layer : seen)
    for (const int times : layer) REQUIRE(times == 1);
}

TEST_CASE("Network: a task's sum of squares is that of what it wrote", "[network]") {
  const Results<double> r = train<Pictures, double>(1, 9, 9, true);
  double sum = 0, squares = 0;
  for (const double g : r.gradient) sum += g * g;
  for (const double s : r.squares) squares += s;
  CHECK(sum > 0);
  CHECK(squares == Approx(sum).epsilon(1e-12));
}

TEST_CASE("Network: a task writes its range of the gradient, all ranges together the whole, none a value of another",
          "[network]") {
  constexpr Index kSamples = 5;
  static_assert(Wide::kGradientsAreProducts);
  bvae::Arena<float> x(5 * kSamples), p(static_cast<std::size_t>(Wide::kParameters));
  Wide::initialize(p.data(), Seed{1}, 0);
  RandomStream(Seed{2}, Stream::kUser).normal(0, std::span<float>(x));
  const Wide::Activations<float> a(kSamples, x.data(), nullptr);
  const Pass pass(Mode::kTraining, {}, kSamples);
  Wide::forward(pass, p.data(), static_cast<float*>(nullptr), a);
  RandomStream(Seed{3}, Stream::kUser).normal(0, std::span<float>(a.output_delta(), 784 * kSamples));
  Wide::backward(pass, p.data(), a);
  std::vector<int> written(p.size());
  for (const GradientTask& task : Wide::gradient_tasks()) {
    INFO("layer " << task.layer << ", rows from " << task.first);
    bvae::Arena<float> gradient(p.size(), std::numeric_limits<float>::quiet_NaN());
    const double squares = Wide::gradient(task, kSamples, p.data(), a, gradient.data());
    const bvae::GradientRange range = Wide::gradient_range(task);
    REQUIRE(range.first >= 0);
    REQUIRE(range.first + range.count <= Wide::kParameters);
    double sum = 0;
    bool right = true;
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      const bool inside = static_cast<Index>(i) >= range.first && static_cast<Index>(i) < range.first + range.count;
      right = right && std::isfinite(gradient[i]) == inside;
      if (!inside) continue;
      ++written[i];
      sum += static_cast<double>(gradient[i]) * static_cast<double>(gradient[i]);
    }
    CHECK(right);
    CHECK(squares == Approx(sum).epsilon(1e-6));
    std::vector<float> own(static_cast<std::size_t>(range.count), std::numeric_limits<float>::quiet_NaN());
    CHECK(Wide::gradient_to(task, kSamples, a, own.data()) == squares);
    CHECK(std::equal(own.begin(), own.end(), gradient.begin() + range.first));
  }
  CHECK(written == std::vector<int>(written.size(), 1));
}

TEST_CASE("Network: gradients are products if every layer's gradient is one", "[network]") {
  static_assert(Network<Features<3>>::kGradientsAreProducts);
  static_assert(Pictures::kGradientsAreProducts);
  static_assert(Network<Features<3>, ReLU, Linear<2>, bvae::SiLU>::kGradientsAreProducts);
  static_assert(!Centered::kGradientsAreProducts);
  static_assert(!Network<Features<3>, Linear<2>, Center>::kGradientsAreProducts);
  SUCCEED();
}

TEST_CASE("Network: the squares of inputs and of gradients at the outputs bound the squared norm of a layer's gradient",
          "[network]") {
  using Net = Network<Features<6>, Linear<20>, ReLU, Linear<4>>;
  for (const Index samples : {1, 3, 40}) {
    bvae::Arena<double> x(static_cast<std::size_t>(6 * samples)), p(static_cast<std::size_t>(Net::kParameters));
    Net::initialize(p.data(), Seed{1}, 0);
    RandomStream(Seed{2}, Stream::kUser).normal(0, std::span<double>(x));
    for (const double scale : {1.0, 1e-3}) {  // small inputs: the bias has the largest gradient
      for (double& v : x) v *= scale;
      const Net::Activations<double> a(samples, x.data(), nullptr);
      const Pass pass(Mode::kTraining, {}, samples);
      Net::forward(pass, p.data(), static_cast<double*>(nullptr), a);
      std::fill_n(a.output_delta(), 4 * samples, 0.5);
      Net::backward(pass, p.data(), a);
      std::array<double, 6> sums{};
      for (Index first = 0; first < samples; first += 17) {
        std::array<double, 6> part{-1, -1, -1, -1, -1, -1};
        Net::squares(Shard{.first = first, .count = std::min(Index{17}, samples - first)}, a, part.data());
        CHECK(part[2] == -1);  // ReLU has no parameters
        CHECK(part[3] == -1);
        for (std::size_t i = 0; i < 6; ++i) sums[i] += part[i];
      }
      double inputs = static_cast<double>(samples);
      for (const double v : x) inputs += v * v;
      CHECK(sums[0] == Approx(inputs).epsilon(1e-12));
      CHECK(sums[5] == Approx(static_cast<double>(samples)).epsilon(1e-12));  // 4 times 0.5^2 each
      std::vector<double> gradient(p.size());
      std::array<double, 3> norms{};
      for (const GradientTask& task : Net::gradient_tasks())
        norms[static_cast<std::size_t>(task.layer)] += Net::gradient(task, samples, p.data(), a, gradient.data());
      for (const std::size_t layer : {std::size_t{0}, std::size_t{2}}) {
        INFO("layer " << layer << ", samples " << samples << ", scale " << scale);
        CHECK(norms[layer] > 0);
        CHECK(norms[layer] <= sums[2 * layer] * sums[2 * layer + 1] * (1 + 1e-12));
      }
    }
  }
}

TEST_CASE("Network: gradients are right, whole batch layers included", "[network]") {
  CHECK(
      (bvae::testing::check_layers<Image<2, 3, 2>, Flatten, Linear<5>, Tanh, Linear<4>>(Seed{1}, 3).relative_error()) <
      1e-8);
  for (const Index samples : {1, 3, 20, 70}) {
    INFO("samples " << samples);
    CHECK((bvae::testing::check_layers<Features<5>, Center>(Seed{2}, samples).relative_error()) < 1e-8);
    CHECK((bvae::testing::check_layers<Features<5>, Linear<7>, Center, Tanh, Linear<4>, Center, Linear<3>>(Seed{3},
                                                                                                           samples)
               .relative_error()) < 1e-8);
  }
}
