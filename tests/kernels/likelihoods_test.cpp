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
  // `outputs`: what the decoder returns for a sample.
  Batch(std::size_t features, std::size_t outputs, bool at_end)
      : target(features * kSamples, at_end),
        output(outputs * kSamples, at_end),
        gradient(outputs * kSamples, at_end),
        values(kSamples, at_end) {
    bvae_test::fill(target, 0.9, 0.5, 0.5);
    bvae_test::fill(output, 1.1, 9);
  }
  Batch(std::size_t features, bool at_end) : Batch(features, features, at_end) {}
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

struct AbsoluteError {
  template <class T>
  void operator()(Size features, Batch<T>& b, T scale) const {
    bvae::kernels::absolute_error(features, Size(kSamples), b.target.data(), b.output.data(), 2.0, scale,
                                  b.values.data(), b.gradient.data());
  }
  static double value(double y, double x) { return 2 * std::abs(y - x); }
  static double gradient(double y, double x) { return y > x ? 1 : y < x ? -1 : 0; }
};

// Logits from 0 to 9: near 0 the definition needs more digits than a double has.
struct ContinuousBernoulli {
  template <class T>
  void operator()(Size features, Batch<T>& b, T weight) const {
    for (std::size_t i = 0; i < b.output.size(); i += 3) b.output[i] *= T(0.1);
    for (std::size_t i = 0; i < b.output.size(); i += 7) b.output[i] = 0;
    bvae::kernels::continuous_bernoulli(features, Size(kSamples), b.target.data(), b.output.data(), weight,
                                        b.values.data(), b.gradient.data());
  }
  static double value(double l, double x) {
    return l == 0 ? 0
                  : static_cast<double>(std::log(std::expm1(static_cast<long double>(l)) / l) -
                                        static_cast<long double>(l) * x);
  }
  static double gradient(double l, double x) {
    return l == 0 ? 0.5 - x
                  : static_cast<double>(1 - 1 / static_cast<long double>(l) +
                                        1 / std::expm1(static_cast<long double>(l)) - x);
  }
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
      right = right && std::abs(b.values[s] - sum) <= bar * (1 + std::abs(sum));
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

TEMPLATE_TEST_CASE("kernels::absolute_error: sums values and gives gradients, with the same bits for all registers",
                   "[kernels]", float, double) {
  check<TestType>(AbsoluteError{});
  const std::vector<TestType> x{1, 2, std::numeric_limits<TestType>::quiet_NaN()};
  const std::vector<TestType> y{1, 3, 0};
  std::vector<TestType> gradient(3);
  std::vector<double> values(3);
  bvae::kernels::absolute_error(1, 3, x.data(), y.data(), 1.0, TestType(2), values.data(), gradient.data());
  CHECK(gradient[0] == 0);
  CHECK(gradient[1] == 2);
  CHECK(std::isnan(gradient[2]));
  CHECK(std::isnan(values[2]));
}

TEMPLATE_TEST_CASE(
    "kernels::continuous_bernoulli: sums values and gives gradients, with the same bits for all registers", "[kernels]",
    float, double) {
  check<TestType>(ContinuousBernoulli{});
}

TEMPLATE_TEST_CASE("kernels::continuous_bernoulli: is right near 1/2, where it changes formula, and in the tails",
                   "[kernels]", float, double) {
  const double bar = 4 * double(std::numeric_limits<TestType>::epsilon());
  for (const bvae::Isa isa : bvae_test::all_isas()) {
    const bvae_test::UsingIsa using_isa(isa);
    for (const double size : {1e-30, 1e-8, 1e-4, 0.01, 0.5, 0.999, 1.0, 1.001, 3.0, 20.0, 80.0, 700.0, 1e30})
      for (const double sign : {-1.0, 1.0})
        for (const double target : {0.0, 0.5, 1.0}) {
          const TestType l = TestType(sign * size), x = TestType(target);
          TestType gradient, mean;
          double value;
          bvae::kernels::continuous_bernoulli(1, 1, &x, &l, TestType(1), &value, &gradient);
          bvae::kernels::continuous_bernoulli_mean(1, &l, &mean);
          // In the other form, which has no cancellation at its target.
          const long double a = std::abs(static_cast<long double>(l));
          const long double b = a * a;
          const long double near = a / 12 * (1 - b / 60 * (1 - b / 42 * (1 - b / 40)));
          const long double least = a < 0.02L   ? 0.5L - near
                                    : a > 11000 ? 1 / a
                                                : 1 / a - 1 / std::expm1(a);  // the mean at -|l|
          const long double log_least = a < 0.02L
                                            ? -a / 2 + b / 24 * (1 - b / 120 * (1 - 2 * b / 126 * (1 - 3 * b / 160)))
                                            : std::log(-std::expm1(-a) / a);
          const long double cost = std::max(static_cast<long double>(l), 0.0L) - static_cast<long double>(l) * x;
          const long double m = l > 0 ? 1 - least : least;
          INFO(name(isa) << ", l = " << double(l) << ", x = " << target << ": " << value << ", " << double(gradient));
          CHECK(bvae_test::close(value, static_cast<double>(cost + log_least), bar, 1e-3 * std::min(1.0, size)));
          CHECK(bvae_test::close(mean, static_cast<double>(m), bar, 1e-300));
          CHECK(bvae_test::close(gradient, static_cast<double>(m - static_cast<long double>(x)), bar, 0.5));
        }
    const TestType nan = std::numeric_limits<TestType>::quiet_NaN(), half = TestType(0.5);
    TestType gradient;
    double value;
    bvae::kernels::continuous_bernoulli(1, 1, &half, &nan, TestType(1), &value, &gradient);
    CHECK(std::isnan(value));
    CHECK(std::isnan(gradient));
  }
}

TEMPLATE_TEST_CASE("kernels::continuous_bernoulli_mean: any length, in place too, with the same bits for all registers",
                   "[kernels]", float, double) {
  const double bar = 8 * double(std::numeric_limits<TestType>::epsilon());
  const auto fill_logits = [](auto& logits) {  // up to 9, and near 0
    bvae_test::fill(logits, 1.1, 9);
    for (std::size_t i = 0; i < logits.size(); i += 3) logits[i] *= TestType(0.1);
    for (std::size_t i = 0; i < logits.size(); i += 7) logits[i] = 0;
  };
  bvae_test::for_isas_and_lengths([&](std::size_t count, bool at_end) {
    Guarded<TestType> logits(count, at_end), mean(count, at_end);
    fill_logits(logits);
    bvae::kernels::continuous_bernoulli_mean(Size(count), logits.data(), mean.data());
    bool right = true;
    for (std::size_t i = 0; i < count; ++i)
      right = right && bvae_test::close(mean[i], ContinuousBernoulli::gradient(double(logits[i]), 0), bar);
    REQUIRE(right);
    bvae::kernels::continuous_bernoulli_mean(Size(count), logits.data(), logits.data());
    REQUIRE(same_bits(mean, logits));
  });
  const auto run = [&] {
    std::vector<TestType> all;
    for (std::size_t count = 1; count <= 67; ++count) {
      std::vector<TestType> values(count);
      fill_logits(values);
      bvae::kernels::continuous_bernoulli_mean(Size(count), values.data(), values.data());
      all.insert(all.end(), values.begin(), values.end());
    }
    return all;
  };
  bvae_test::for_fused_isas(run, [](const std::vector<TestType>& first, const std::vector<TestType>& other) {
    CHECK(same_bits(first, other));
  });
}

TEMPLATE_TEST_CASE(
    "kernels::gaussian_per_pixel: blocks of means and log variances, with the same bits for all registers", "[kernels]",
    float, double) {
  const TestType weight = TestType(0.25), minimum = -3;
  const double bar = 16 * double(std::numeric_limits<TestType>::epsilon());
  const auto call = [&](std::size_t features, std::size_t block, Batch<TestType>& b) {
    bvae::kernels::gaussian_per_pixel(Size(features), Size(block), Size(kSamples), b.target.data(), b.output.data(),
                                      minimum, weight, b.values.data(), b.gradient.data());
  };
  bvae_test::for_isas_and_lengths(
      [&](std::size_t pixels, bool at_end) {
        for (const std::size_t block : {std::size_t{1}, std::size_t{3}, std::size_t{17}, pixels}) {
          if (block == 0) continue;
          const std::size_t features = block == pixels ? pixels : pixels * block;
          Batch<TestType> b(features, 2 * features, at_end);
          call(features, block, b);
          bool right = true;
          for (std::size_t s = 0; s < kSamples; ++s) {
            double sum = 0;
            for (std::size_t i = 0; i < features; ++i) {
              const std::size_t place = 2 * features * s + i / block * 2 * block + i % block;
              const double d = double(b.output[place]) - double(b.target[features * s + i]);
              const double above = double(b.output[place + block]) - double(minimum);
              const double v = double(minimum) + std::log1p(std::exp(above));
              sum += 0.5 * (d * d * std::exp(-v) + v);
              const double to_log = 0.5 * (1 - d * d * std::exp(-v)) / (1 + std::exp(-above));
              right = right && bvae_test::close(b.gradient[place], double(weight) * d * std::exp(-v), bar) &&
                      bvae_test::close(b.gradient[place + block], double(weight) * to_log, bar);
            }
            right = right && bvae_test::close(b.values[s], sum, bar, double(features));
          }
          INFO("block " << block);
          REQUIRE(right);
        }
      },
      {.dense = 20, .most = 50, .step = 7});
  for (const std::size_t block : {1U, 3U, 37U, 333U}) {
    const auto run = [&] {
      Batch<TestType> b(333, 666, true);
      call(333, block, b);
      return b;
    };
    bvae_test::for_fused_isas(run, [](const Batch<TestType>& first, const Batch<TestType>& other) {
      CHECK(same_bits(first.values, other.values));
      CHECK(same_bits(first.gradient, other.gradient));
    });
  }
}

TEMPLATE_TEST_CASE("kernels::gaussian_per_pixel: stays finite whatever the log variance is, and NaN is seen",
                   "[kernels]", float, double) {
  for (const bvae::Isa isa : bvae_test::all_isas()) {
    const bvae_test::UsingIsa using_isa(isa);
    const TestType nan = std::numeric_limits<TestType>::quiet_NaN();
    const std::vector<TestType> target(5, 0);
    const std::vector<TestType> output{1, -1000, 1, 1000, 0, 80, 1, nan, nan, 0};
    std::vector<TestType> gradient(10);
    std::vector<double> values(5);
    bvae::kernels::gaussian_per_pixel(1, 1, 5, target.data(), output.data(), TestType(-12), TestType(1), values.data(),
                                      gradient.data());
    CHECK(values[0] == Approx(0.5 * (std::exp(12.0) - 12)));
    CHECK(values[1] == Approx(500));
    CHECK(values[2] == Approx(40));
    CHECK(gradient[0] == Approx(std::exp(12.0)));
    CHECK(std::abs(gradient[1]) < TestType(1e-25));
    CHECK(gradient[3] == Approx(0.5));
    CHECK(gradient[5] == Approx(0.5));
    for (const std::size_t s : {3U, 4U}) {
      CHECK(std::isnan(values[s]));
      CHECK(std::isnan(gradient[2 * s]));
      CHECK(std::isnan(gradient[2 * s + 1]));
    }
  }
}

TEMPLATE_TEST_CASE("kernels::gaussian_with_log_sigma: one log sigma after the means, same bits for all registers",
                   "[kernels]", float, double) {
  const TestType weight = TestType(0.25);
  const double minimum = -2;
  const double bar = 16 * double(std::numeric_limits<TestType>::epsilon());
  const auto call = [&](std::size_t features, Batch<TestType>& b) {
    for (std::size_t s = 0; s < kSamples; ++s)  // one far below the minimum, one near it, one above
      b.output[(s + 1) * (features + 1) - 1] = TestType(4.5) * (TestType(s) - TestType(1.5));
    bvae::kernels::gaussian_with_log_sigma(Size(features), Size(kSamples), b.target.data(), b.output.data(), minimum,
                                           weight, b.values.data(), b.gradient.data());
  };
  bvae_test::for_isas_and_lengths([&](std::size_t features, bool at_end) {
    Batch<TestType> b(features, features + 1, at_end);
    call(features, b);
    bool right = true;
    for (std::size_t s = 0; s < kSamples; ++s) {
      const double raw = double(b.output[(s + 1) * (features + 1) - 1]);
      const double u = minimum + std::log1p(std::exp(raw - minimum));
      const double precision = std::exp(-2 * u);
      double squares = 0;
      for (std::size_t i = 0; i < features; ++i) {
        const double d = double(b.output[s * (features + 1) + i]) - double(b.target[s * features + i]);
        squares += d * d;
        right = right && bvae_test::close(b.gradient[s * (features + 1) + i], double(weight) * d * precision, bar);
      }
      const double n = double(features);
      right = right && bvae_test::close(b.values[s], 0.5 * squares * precision + n * u, bar, n);
      right =
          right && bvae_test::close(b.gradient[(s + 1) * (features + 1) - 1],
                                    double(weight) * (n - squares * precision) / (1 + std::exp(minimum - raw)), bar, n);
    }
    REQUIRE(right);
  });
  const auto run = [&] {
    Batch<TestType> b(333, 334, true);
    call(333, b);
    return b;
  };
  bvae_test::for_fused_isas(run, [](const Batch<TestType>& first, const Batch<TestType>& other) {
    CHECK(same_bits(first.values, other.values));
    CHECK(same_bits(first.gradient, other.gradient));
  });
}

TEMPLATE_TEST_CASE("kernels::binary_entropy: 0 for black and white, the same bits for all registers", "[kernels]",
                   float, double) {
  bvae_test::for_isas_and_lengths([&](std::size_t features, bool at_end) {
    Batch<TestType> b(features, at_end);
    for (std::size_t i = 0; i < b.target.size(); i += 5) b.target[i] = TestType(i % 2);
    bvae::kernels::binary_entropy(Size(features), Size(kSamples), b.target.data(), b.values.data());
    bool right = true;
    for (std::size_t s = 0; s < kSamples; ++s) {
      double sum = 0;
      for (std::size_t i = 0; i < features; ++i) {
        const double x = double(b.target[s * features + i]);
        if (x > 0 && x < 1) sum -= x * std::log(x) + (1 - x) * std::log1p(-x);
      }
      right = right && bvae_test::close(b.values[s], sum, 1e-14);
    }
    REQUIRE(right);
  });
  const auto run = [&] {
    Batch<TestType> b(333, true);
    bvae::kernels::binary_entropy(333, Size(kSamples), b.target.data(), b.values.data());
    return b;
  };
  bvae_test::for_fused_isas(run, [](const Batch<TestType>& first, const Batch<TestType>& other) {
    CHECK(same_bits(first.values, other.values));
  });
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
