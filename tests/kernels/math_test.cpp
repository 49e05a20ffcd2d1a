#include "bvae/kernels/math.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "support/bits.hpp"
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

template <class R>
R sigmoid(R x) {
  return (x >= 0 ? R(1) : std::exp(x)) / (1 + std::exp(-std::abs(x)));
}
template <class R>
R softplus(R x) {
  return std::max(x, R(0)) + std::log1p(std::exp(-std::abs(x)));
}
double normal_distribution(double x) { return 0.5 * std::erfc(-0.70710678118654752440 * x); }
/// erfc makes x^2 of an argument's rounding error, so what is lost of the argument is put back to first order.
long double normal_distribution(long double x) {
  static const long double root = std::sqrt(0.5L);
  static const long double lost_of_root = std::fma(-root, root, 0.5L) / (2 * root);
  const long double z = -root * x;
  if (!std::isfinite(z)) return std::erfc(z) / 2;
  const long double lost = std::fma(-root, x, -z) - lost_of_root * x;
  constexpr long double kTwoByRootOfPi = 1.12837916709551257389615890312154517L;
  return (std::erfc(z) - kTwoByRootOfPi * std::exp(-z * z) * lost) / 2;
}
template <class R>
R in_range(R x, R value) {
  return std::abs(x) <= R(0x1p20) ? value : std::numeric_limits<R>::quiet_NaN();
}

/// The largest errors of a function as docs/elementary-functions.md lists them, rounded up.
struct Bounds {
  double fused;
  double baseline;
};

/// A function, and its values by C's library: in double for floats, in long double for doubles.
struct Function {
  Elementary name;
  double (*of_float)(double);
  long double (*of_double)(long double);
  Bounds floats;
  Bounds doubles;

  [[nodiscard]] double truth(float x) const { return of_float(x); }
  [[nodiscard]] long double truth(double x) const { return of_double(x); }
  template <class S>
  [[nodiscard]] double bound(Isa isa) const {
    const Bounds& bounds = sizeof(S) == sizeof(float) ? floats : doubles;
    return is_fused(isa) ? bounds.fused : bounds.baseline;
  }
};
#define BVAE_TRUTH(expression) \
  [](double x) -> double { return expression; }, [](long double x) -> long double { return expression; }
const Function kFunctions[] = {
    {Elementary::kExp, BVAE_TRUTH(std::exp(x)), {0.91, 0.93}, {0.84, 0.87}},
    {Elementary::kExpm1, BVAE_TRUTH(std::expm1(x)), {1.33, 1.33}, {1.31, 1.31}},
    {Elementary::kLog, BVAE_TRUTH(std::log(x)), {0.89, 0.98}, {0.84, 0.92}},
    {Elementary::kLog1p, BVAE_TRUTH(std::log1p(x)), {1.6, 1.73}, {1.52, 1.63}},
    {Elementary::kTanh, BVAE_TRUTH(std::tanh(x)), {1.7, 1.71}, {1.81, 1.79}},
    {Elementary::kSigmoid, BVAE_TRUTH(sigmoid(x)), {1.49, 1.49}, {1.49, 1.49}},
    {Elementary::kSoftplus, BVAE_TRUTH(softplus(x)), {1.84, 1.94}, {1.76, 1.85}},
    {Elementary::kErf, BVAE_TRUTH(std::erf(x)), {1.0, 1.32}, {0.98, 1.28}},
    {Elementary::kErfc, BVAE_TRUTH(std::erfc(x)), {1.64, 0.51}, {1.79, 2.0}},
    {Elementary::kSin, BVAE_TRUTH(in_range(x, std::sin(x))), {1.49, 0.92}, {1.48, 1.57}},
    {Elementary::kCos, BVAE_TRUTH(in_range(x, std::cos(x))), {1.49, 0.92}, {1.49, 1.5}},
    {Elementary::kNormalDistribution, BVAE_TRUTH(normal_distribution(x)), {1.63, 0.51}, {1.7, 1.86}},
};
#undef BVAE_TRUTH

/// |y - truth| in units in the last place of an S there; infinite where one of them is NaN, or a zero of another sign.
template <class S, class R>
double error_in_ulp(S y, R truth) {
  using Limits = std::numeric_limits<S>;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr int kLowest = Limits::min_exponent - 1, kHighest = Limits::max_exponent - 1;
  const R beyond = R(Limits::max()) * (1 + R(Limits::epsilon()) / 4);  // rounds to infinity, or nearly
  if (std::isnan(truth) || std::isnan(y)) return std::isnan(truth) && std::isnan(y) ? 0 : kInfinity;
  if (truth == 0 && y == 0) return std::signbit(truth) == std::signbit(y) ? 0 : kInfinity;
  const R value = std::isinf(y) ? std::copysign(beyond, R(y)) : R(y);
  truth = std::clamp(truth, -beyond, beyond);
  const int exponent = truth == 0 ? kLowest : std::clamp(std::ilogb(truth), kLowest, kHighest);
  return static_cast<double>(std::abs(value - truth) / std::ldexp(R(1), exponent - (Limits::digits - 1)));
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

template <class S>
void check_errors(const std::vector<S>& x) {
  for (const Function& function : kFunctions) {
    std::vector<decltype(function.truth(S{}))> truth(x.size());
    std::transform(x.begin(), x.end(), truth.begin(), [&](S value) { return function.truth(value); });
    for (const Isa isa : bvae_test::all_isas()) {
      const bvae_test::UsingIsa use(isa);
      const std::vector<S> y = values_of(function.name, x);
      double worst = 0;
      S at = 0;
      for (std::size_t i = 0; i < x.size(); ++i)
        if (const double error = error_in_ulp(y[i], truth[i]); error > worst) {
          worst = error;
          at = x[i];
        }
      CAPTURE(name(isa), static_cast<int>(function.name), at);
      CHECK(worst <= function.bound<S>(isa));
    }
  }
}

TEST_CASE("Elementary functions: floats are as close as documented, denormals too", "[kernels]") {
  check_errors(floats(16381));
}

TEST_CASE("Elementary functions: doubles are as close as documented, denormals too", "[kernels]") {
  check_errors(doubles(50'000));
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
        const double error = error_in_ulp(y[i], sine ? std::sin(wide) : std::cos(wide));
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
void check_lengths_of_turns(double tolerance) {
  std::vector<S> all(67);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<S>(i * 29 % 67) / S(67);
  bvae_test::for_isas_and_lengths([&](std::size_t count, bool at_end) {
    Guarded<S> turn(count, at_end), cosine(count, at_end), sine(count, at_end);
    std::copy_n(all.begin(), count, turn.begin());
    bvae::kernels::cos_sin_of_turns(static_cast<Size>(count), turn.data(), cosine.data(), sine.data());
    bool right = true;
    for (std::size_t i = 0; i < count; ++i) {
      S c;
      S s;
      bvae::kernels::cos_sin_of_turns(1, &turn[i], &c, &s);
      const long double angle = 6.28318530717958647692528676655900577L * static_cast<long double>(turn[i]);
      right = right && bits_of(cosine[i]) == bits_of(c) && bits_of(sine[i]) == bits_of(s) &&
              std::abs(static_cast<long double>(c) - std::cos(angle)) <= tolerance &&
              std::abs(static_cast<long double>(s) - std::sin(angle)) <= tolerance;
    }
    REQUIRE(right);
  });
}

TEST_CASE("Elementary functions: cosine and sine of any number of turns, and nothing outside is touched", "[kernels]") {
  check_lengths_of_turns<float>(1.5 * 0x1p-24);
  check_lengths_of_turns<double>(1.5 * 0x1p-53);
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
    CHECK(bvae_test::same_bits(cosine, first));
  }
}

TEST_CASE("Elementary functions: cosine and sine of turns", "[kernels]") {
  check_turns<float>(1.5F * 0x1p-24F);
  check_turns<double>(1.5 * 0x1p-53);
}

}  // namespace
