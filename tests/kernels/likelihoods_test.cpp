#include "bvae/kernels/likelihoods.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/guarded.hpp"
#include "support/isas.hpp"
#include "support/kernels.hpp"

namespace {

using bvae::kernels::Size;
using bvae_test::Guarded;
using bvae_test::same_bits;

constexpr std::size_t kSamples = 3;

template <class T>
struct Batch {
  Batch(std::size_t features, bool at_end)
      : target(features * kSamples, at_end),
        output(features * kSamples, at_end),
        gradient(features * kSamples, at_end),
        values(kSamples, at_end) {
    bvae_test::fill(target, 0.9, 0.5, 0.5);
    bvae_test::fill(output, 1.1, 9);
  }
  Guarded<T> target, output, gradient;
  Guarded<double> values;
};

struct Bernoulli {
  template <class T>
  void operator()(Size features, Batch<T>& b, T weight) const {
    bvae::kernels::bernoulli(features, Size(kSamples), b.target.data(), b.output.data(), weight, b.values.data(),
                             b.gradient.data());
  }
  static double value(double l, double x) { return std::max(l, 0.0) - l * x + std::log1p(std::exp(-std::abs(l))); }
  static double gradient(double l, double x) { return 1 / (1 + std::exp(-l)) - x; }
};

struct SquaredError {
  template <class T>
  void operator()(Size features, Batch<T>& b, T scale) const {
    bvae::kernels::squared_error(features, Size(kSamples), b.target.data(), b.output.data(), 0.5, scale,
                                 b.values.data(), b.gradient.data());
  }
  static double value(double y, double x) { return 0.5 * (y - x) * (y - x); }
  static double gradient(double y, double x) { return y - x; }
};

template <class T, class Likelihood>
void check(Likelihood likelihood) {
  constexpr T kWeight = T(0.25);
  const double bar = 8 * double(std::numeric_limits<T>::epsilon());
  bvae_test::for_isas_and_lengths([&](std::size_t features, bool at_end) {
    Batch<T> b(features, at_end);
    likelihood(static_cast<Size>(features), b, kWeight);
    bool right = true;
    for (std::size_t s = 0; s < kSamples; ++s) {
      double sum = 0;
      for (std::size_t i = s * features; i < (s + 1) * features; ++i) {
        const double y = double(b.output[i]), x = double(b.target[i]);
        sum += likelihood.value(y, x);
        right = right && bvae_test::close(b.gradient[i], double(kWeight) * likelihood.gradient(y, x), bar);
      }
      right = right && std::abs(b.values[s] - sum) <= bar * (1 + sum);
    }
    REQUIRE(right);
  });
  const auto run = [&] {
    Batch<T> b(333, true);
    likelihood(333, b, kWeight);
    return b;
  };
  bvae_test::for_fused_isas(run, [](const Batch<T>& first, const Batch<T>& other) {
    CHECK(same_bits(first.values, other.values));
    CHECK(same_bits(first.gradient, other.gradient));
  });
}

}  // namespace

TEMPLATE_TEST_CASE("kernels::bernoulli: sums values and gives gradients, with the same bits for all registers",
                   "[kernels]", float, double) {
  check<TestType>(Bernoulli{});
}

TEMPLATE_TEST_CASE("kernels::squared_error: sums values and gives gradients, with the same bits for all registers",
                   "[kernels]", float, double) {
  check<TestType>(SquaredError{});
}

TEMPLATE_TEST_CASE("kernels::bernoulli: huge logits cost what they must, and NaN is seen", "[kernels]", float, double) {
  for (const bvae::Isa isa : bvae_test::all_isas()) {
    const bvae_test::UsingIsa using_isa(isa);
    // The right answer costs nothing, the wrong one |logit|; halves in between.
    const std::vector<TestType> target{0, 1, 0, 1, TestType(0.5), TestType(0.5)};
    const std::vector<TestType> logits{-1000, 1000, 1000, -1000, 1000, -1000};
    std::vector<TestType> gradient(6);
    std::vector<double> values(6);
    bvae::kernels::bernoulli(1, 6, target.data(), logits.data(), TestType(1), values.data(), gradient.data());
    const std::vector<double> expected{0, 0, 1000, 1000, 500, 500};
    for (std::size_t s = 0; s < 6; ++s) CHECK(std::abs(values[s] - expected[s]) < 1e-30);
    const std::vector<TestType> slopes{0, 0, 1, -1, TestType(0.5), TestType(-0.5)};
    for (std::size_t s = 0; s < 6; ++s) CHECK(std::abs(gradient[s] - slopes[s]) < TestType(1e-30));

    std::vector<TestType> bad(21, 1);
    bad[20] = std::numeric_limits<TestType>::quiet_NaN();
    const std::vector<TestType> zeros(21);
    gradient.resize(21);
    bvae::kernels::bernoulli(21, 1, zeros.data(), bad.data(), TestType(1), values.data(), gradient.data());
    CHECK(std::isnan(values[0]));
    CHECK(std::isnan(gradient[20]));
    CHECK_FALSE(std::isnan(gradient[19]));
  }
}
