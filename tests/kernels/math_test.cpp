#include "bvae/kernels/math.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "support/catch.hpp"
#include "support/guarded.hpp"
#include "support/isas.hpp"
#include "support/kernels.hpp"

namespace {

using bvae::Isa;
using bvae::kernels::apply;
using bvae::kernels::Elementary;
using bvae::kernels::Size;
using bvae_test::Guarded;
using bvae_test::is_fused;

double sigmoid(double x) { return (x >= 0 ? 1 : std::exp(x)) / (1 + std::exp(-std::abs(x))); }
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }
double normal_distribution(double x) { return 0.5 * std::erfc(-0.70710678118654752440 * x); }
double sin_in_range(double x) { return std::abs(x) <= 0x1p20 ? std::sin(x) : std::nan(""); }
double cos_in_range(double x) { return std::abs(x) <= 0x1p20 ? std::cos(x) : std::nan(""); }

/// A function, its values by C's library in double, and its largest errors as docs/elementary-functions.md lists them,
/// rounded up.
struct Function {
  Elementary name;
  double (*truth)(double);
  double ulp_fused;
  double ulp_baseline;
};
const Function kFunctions[] = {
    {Elementary::kExp, [](double x) { return std::exp(x); }, 0.91, 0.93},
    {Elementary::kExpm1, [](double x) { return std::expm1(x); }, 1.33, 1.33},
    {Elementary::kLog, [](double x) { return std::log(x); }, 0.89, 0.98},
    {Elementary::kLog1p, [](double x) { return std::log1p(x); }, 1.6, 1.73},
    {Elementary::kTanh, [](double x) { return std::tanh(x); }, 1.7, 1.71},
    {Elementary::kSigmoid, &sigmoid, 1.49, 1.49},
    {Elementary::kSoftplus, &softplus, 1.84, 1.94},
    {Elementary::kErf, [](double x) { return std::erf(x); }, 1.0, 1.32},
    {Elementary::kErfc, [](double x) { return std::erfc(x); }, 1.64, 0.51},
    {Elementary::kSin, &sin_in_range, 1.49, 0.92},
    {Elementary::kCos, &cos_in_range, 1.49, 0.92},
    {Elementary::kNormalDistribution, &normal_distribution, 1.63, 0.51},
};

/// |y - truth| in units in the last place of a float there; infinite where one of them is NaN, or a zero of another
/// sign.
double error_in_ulp(float y, double truth) {
  constexpr double kBeyond = 0x1.ffffffp127;  // rounds to infinity
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (std::isnan(truth) || std::isnan(y)) return std::isnan(truth) && std::isnan(y) ? 0 : kInfinity;
  if (truth == 0 && y == 0) return std::signbit(truth) == std::signbit(y) ? 0 : kInfinity;
  const double value = std::isinf(y) ? std::copysign(kBeyond, y) : static_cast<double>(y);
  truth = std::clamp(truth, -kBeyond, kBeyond);
  const int exponent = truth == 0 ? -126 : std::clamp(std::ilogb(truth), -126, 127);
  return std::abs(value - truth) / std::ldexp(1.0, exponent - 23);
}

template <class S>
std::vector<S> values_of(Elementary function, const std::vector<S>& x) {
  std::vector<S> y(x.size());
  apply(function, static_cast<Size>(x.size()), x.data(), y.data());
  return y;
}

/// Floats of all exponents and both signs, NaN and infinity among them, in steps that hit every mantissa bit.
std::vector<float> floats(std::uint32_t step) {
  std::vector<float> x;
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += step)
    x.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  return x;
}

/// Doubles of all exponents, and many near 1.
std::vector<double> doubles(std::size_t count) {
  std::vector<double> x;
  std::uint64_t bits = 1;
  for (std::size_t i = 0; i < count; ++i) {
    bits = bits * 6364136223846793005u + 1442695040888963407u;
    const std::uint64_t z = bits ^ (bits >> 29);
    x.push_back(i % 2 == 0 ? std::bit_cast<double>(z)
                           : std::ldexp(static_cast<double>(z >> 11) * 0x1p-52 - 1, static_cast<int>(z % 40) - 29));
  }
  return x;
}

template <class S>
auto bits_of(S x) {
  using U = std::conditional_t<sizeof(S) == 4, std::uint32_t, std::uint64_t>;
  return std::isnan(x) ? ~U{0} : std::bit_cast<U>(x);  // which NaN is left open
}

template <class S>
void check_special_values() {
  const S inf = std::numeric_limits<S>::infinity();
  const S nan = std::numeric_limits<S>::quiet_NaN();
  const S tiny = std::numeric_limits<S>::denorm_min();
  const S most = std::numeric_limits<S>::max();
  const S log_2 = static_cast<S>(0.69314718055994530942);
  struct Case {
    Elementary function;
    S x, y;
  };
  using enum Elementary;
  const Case cases[] = {
      {kExp, S(0), S(1)},
      {kExp, -S(0), S(1)},
      {kExp, inf, inf},
      {kExp, -inf, S(0)},
      {kExp, most, inf},
      {kExp, -most, S(0)},
      {kExp, tiny, S(1)},
      {kExpm1, S(0), S(0)},
      {kExpm1, -S(0), -S(0)},
      {kExpm1, inf, inf},
      {kExpm1, -inf, S(-1)},
      {kExpm1, most, inf},
      {kExpm1, tiny, tiny},
      {kExpm1, -tiny, -tiny},
      {kLog, S(1), S(0)},
      {kLog, S(0), -inf},
      {kLog, -S(0), -inf},
      {kLog, inf, inf},
      {kLog, -inf, nan},
      {kLog, -tiny, nan},
      {kLog, S(2), log_2},
      {kLog1p, S(0), S(0)},
      {kLog1p, -S(0), -S(0)},
      {kLog1p, S(-1), -inf},
      {kLog1p, S(-2), nan},
      {kLog1p, inf, inf},
      {kLog1p, -inf, nan},
      {kLog1p, tiny, tiny},
      {kLog1p, -tiny, -tiny},
      {kLog1p, S(1), log_2},
      {kTanh, S(0), S(0)},
      {kTanh, -S(0), -S(0)},
      {kTanh, inf, S(1)},
      {kTanh, -inf, S(-1)},
      {kTanh, most, S(1)},
      {kTanh, tiny, tiny},
      {kTanh, -tiny, -tiny},
      {kSigmoid, S(0), S(0.5)},
      {kSigmoid, -S(0), S(0.5)},
      {kSigmoid, inf, S(1)},
      {kSigmoid, -inf, S(0)},
      {kSoftplus, S(0), log_2},
      {kSoftplus, inf, inf},
      {kSoftplus, -inf, S(0)},
      {kSoftplus, most, most},
      {kErf, S(0), S(0)},
      {kErf, -S(0), -S(0)},
      {kErf, inf, S(1)},
      {kErf, -inf, S(-1)},
      {kErf, tiny, tiny},
      {kErfc, S(0), S(1)},
      {kErfc, -S(0), S(1)},
      {kErfc, inf, S(0)},
      {kErfc, -inf, S(2)},
      {kSin, S(0), S(0)},
      {kSin, -S(0), -S(0)},
      {kSin, inf, nan},
      {kSin, tiny, tiny},
      {kSin, S(1 << 21), nan},
      {kCos, S(0), S(1)},
      {kCos, -S(0), S(1)},
      {kCos, -inf, nan},
      {kCos, S(-(1 << 21)), nan},
      {kNormalDistribution, S(0), S(0.5)},
      {kNormalDistribution, -S(0), S(0.5)},
      {kNormalDistribution, inf, S(1)},
      {kNormalDistribution, -inf, S(0)},
  };
  for (const Isa isa : bvae_test::all_isas()) {
    const bvae_test::UsingIsa use(isa);
    for (const Case& c : cases) {
      CAPTURE(name(isa), static_cast<int>(c.function), c.x, c.y);
      S y = 0;
      apply(c.function, 1, &c.x, &y);
      CHECK(bits_of(y) == bits_of(c.y));
    }
    for (const Function& function : kFunctions) {
      CAPTURE(name(isa), static_cast<int>(function.name));
      for (const S x : {nan, -nan}) {
        S y = 0;
        apply(function.name, 1, &x, &y);
        CHECK(std::isnan(y));
      }
    }
  }
}

TEST_CASE("Elementary functions: special values are those of C, with the sign of zero", "[kernels]") {
  check_special_values<float>();
  check_special_values<double>();
}

TEST_CASE("Elementary functions: floats are as close as documented, denormals too", "[kernels]") {
  const std::vector<float> x = floats(16381);
  for (const Function& function : kFunctions) {
    std::vector<double> truth(x.size());
    std::transform(x.begin(), x.end(), truth.begin(), [&](float value) { return function.truth(value); });
    for (const Isa isa : bvae_test::all_isas()) {
      const bvae_test::UsingIsa use(isa);
      const std::vector<float> y = values_of(function.name, x);
      double worst = 0;
      float at = 0;
      for (std::size_t i = 0; i < x.size(); ++i)
        if (const double error = error_in_ulp(y[i], truth[i]); error > worst) {
          worst = error;
          at = x[i];
        }
      CAPTURE(name(isa), static_cast<int>(function.name), at);
      CHECK(worst <= (is_fused(isa) ? function.ulp_fused : function.ulp_baseline));
    }
  }
}

TEST_CASE("Elementary functions: doubles agree with C's library", "[kernels]") {
  const std::vector<double> x = doubles(20'000);
  for (const Function& function : kFunctions) {
    for (const Isa isa : bvae_test::all_isas()) {
      const bvae_test::UsingIsa use(isa);
      const std::vector<double> y = values_of(function.name, x);
      double worst = 0;
      double at = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double truth = function.truth(x[i]);
        double error = std::isnan(y[i]) == std::isnan(truth) ? 0 : 1e9;
        // The library is off by one unit itself, and erfc(-x / sqrt(2)) by x^2 more.
        const double allowed = function.name == Elementary::kNormalDistribution ? 5 + x[i] * x[i] : 4;
        if (y[i] != truth && !std::isnan(truth))
          error = std::abs(y[i] - truth) /
                  std::max(std::abs(truth) * 0x1p-52, std::numeric_limits<double>::denorm_min()) / allowed;
        if (error > worst) {
          worst = error;
          at = x[i];
        }
      }
      CAPTURE(name(isa), static_cast<int>(function.name), at);
      CHECK(worst <= 1);
    }
  }
}

TEST_CASE("Elementary functions: sine and cosine of doubles keep the error that the documentation lists", "[kernels]") {
  std::vector<double> x;
  for (int i = 1; i < 20'000; ++i) {
    x.push_back(std::ldexp(i * 0x1.8p-14 + 0.1, i % 20));
    x.push_back(static_cast<double>(i) * 1.5707963267948966);  // results near 0
    x.push_back(-x[x.size() - 2]);
  }
  for (const Isa isa : bvae_test::all_isas()) {
    const bvae_test::UsingIsa use(isa);
    for (const bool sine : {true, false}) {
      const std::vector<double> y = values_of(sine ? Elementary::kSin : Elementary::kCos, x);
      double worst = 0;
      double at = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        if (std::abs(x[i]) > 0x1p20) continue;
        const long double wide = static_cast<long double>(x[i]);
        const long double truth = sine ? std::sin(wide) : std::cos(wide);
        const long double unit = std::ldexp(1.0L, std::ilogb(truth) - 52);
        const double error = static_cast<double>(std::abs(static_cast<long double>(y[i]) - truth) / unit);
        if (error > worst) {
          worst = error;
          at = x[i];
        }
      }
      CAPTURE(name(isa), sine, at);
      CHECK(worst <= 1.6);
    }
  }
}

template <class S>
void check_same_bits(const std::vector<S>& x) {
  for (const Function& function : kFunctions) {
    CAPTURE(static_cast<int>(function.name));
    bvae_test::for_fused_isas(
        [&] { return values_of(function.name, x); },
        [](const std::vector<S>& first, const std::vector<S>& y) {
          CHECK(std::equal(y.begin(), y.end(), first.begin(), [](S a, S b) { return bits_of(a) == bits_of(b); }));
        });
  }
}

TEST_CASE("Elementary functions: instruction sets with fused multiply-adds give the same bits", "[kernels]") {
  check_same_bits(floats(65521));
  check_same_bits(doubles(20'000));
}

template <class S>
void check_lengths() {
  for (const Isa isa : bvae_test::all_isas()) {
    const bvae_test::UsingIsa use(isa);
    for (const Function& function : kFunctions) {
      std::vector<S> all(40);
      for (std::size_t i = 0; i < all.size(); ++i) all[i] = S(0.05) * static_cast<S>(i) + S(0.01);
      const std::vector<S> expected = values_of(function.name, all);
      for (std::size_t count = 0; count <= 40; ++count)
        for (const bool at_end : {true, false}) {
          Guarded<S> x(count, at_end);
          Guarded<S> y(count, at_end);
          std::copy_n(all.begin(), count, x.begin());
          apply(function.name, static_cast<Size>(count), x.data(), y.data());
          bool same = std::equal(y.begin(), y.end(), expected.begin());
          apply(function.name, static_cast<Size>(count), x.data(), x.data());
          same = same && std::equal(x.begin(), x.end(), expected.begin());
          CAPTURE(name(isa), static_cast<int>(function.name), count, at_end);
          if (!same) CHECK(same);
        }
    }
  }
}

TEST_CASE("Elementary functions: any length, in place too, and nothing outside is touched", "[kernels]") {
  check_lengths<float>();
  check_lengths<double>();
}

template <class S>
void check_turns(S tolerance) {
  constexpr std::size_t kCount = 10'001;
  std::vector<S> turn(kCount);
  for (std::size_t i = 0; i < kCount; ++i) turn[i] = static_cast<S>(i) / static_cast<S>(kCount);
  std::vector<S> first;
  for (const Isa isa : bvae_test::all_isas()) {
    const bvae_test::UsingIsa use(isa);
    std::vector<S> cosine(kCount);
    std::vector<S> sine(kCount);
    bvae::kernels::cos_sin_of_turns(static_cast<Size>(kCount), turn.data(), cosine.data(), sine.data());
    long double worst = 0;
    for (std::size_t i = 0; i < kCount; ++i) {
      const long double angle = 6.28318530717958647692528676655900577L * static_cast<long double>(turn[i]);
      worst = std::max(worst, std::abs(static_cast<long double>(cosine[i]) - std::cos(angle)));
      worst = std::max(worst, std::abs(static_cast<long double>(sine[i]) - std::sin(angle)));
    }
    CAPTURE(name(isa));
    CHECK(worst <= tolerance);
    CHECK(cosine[0] == 1);
    CHECK(bits_of(sine[0]) == bits_of(S(0)));
    const S quarters[4] = {0, S(0.25), S(0.5), S(0.75)};
    S c[4];
    S s[4];
    bvae::kernels::cos_sin_of_turns(4, quarters, c, s);
    const S expected[5] = {1, 0, -1, 0, 1};
    for (int i = 0; i < 4; ++i) {
      CHECK(c[i] == expected[i]);
      CHECK(s[i] == (i == 1 ? 1 : i == 3 ? -1 : 0));
    }
    if (!is_fused(isa)) continue;
    cosine.insert(cosine.end(), sine.begin(), sine.end());
    if (first.empty()) first = cosine;
    CHECK(cosine == first);
  }
}

TEST_CASE("Elementary functions: cosine and sine of turns", "[kernels]") {
  check_turns<float>(1.5F * 0x1p-24F);
  check_turns<double>(1.5 * 0x1p-53);
}

}  // namespace
