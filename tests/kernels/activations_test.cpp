#include "bvae/kernels/activations.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <type_traits>
#include <vector>

#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/guarded.hpp"
#include "support/isas.hpp"
#include "support/kernels.hpp"

namespace {

using bvae::Isa;
using bvae::kernels::Activation;
using bvae::kernels::Size;
using bvae_test::close;
using bvae_test::Guarded;
using bvae_test::same_bits;
using bvae_test::UsingIsa;

/// Both signs, from tiny to 16; the first ones are 0, -0 and near it.
template <class Values>
void fill(Values& x) {
  bvae_test::fill(x, 0.7, 4);
  using T = std::remove_reference_t<decltype(x[0])>;
  constexpr T kSpecial[] = {0, T(-0.0), T(1e-20), T(-1e-20), T(1e-4), T(-1e-4), 16, -16};
  std::copy_n(kSpecial, std::min(x.size(), std::size(kSpecial)), x.begin());
}

template <class T>
struct Outputs {
  std::vector<T> y, dx;
};

/// All lengths up to 67, between forbidden pages, against `value` and `derivative` in double.
template <Activation A, class T, class Value, class Derivative>
void check_lengths(T parameter, double bar, Value value, Derivative derivative) {
  const double p = static_cast<double>(parameter);
  bvae_test::for_isas_and_lengths([&](std::size_t n, bool at_end) {
    Guarded<T> x(n, at_end), y(n, at_end), dy(n, at_end), dx(n, at_end);
    fill(x);
    for (std::size_t i = 0; i < n; ++i) dy[i] = T(1) + T(0.25) * static_cast<T>(i);
    const auto count = static_cast<Size>(n);
    bvae::kernels::activate<A>(count, x.data(), y.data(), parameter);
    bvae::kernels::activate_backward<A>(count, x.data(), y.data(), dy.data(), dx.data(), parameter);
    bool right = true;
    for (std::size_t i = 0; i < n; ++i) {
      const double at = static_cast<double>(x[i]);
      const double up = static_cast<double>(dy[i]);
      right = right && close(y[i], value(at, p), bar, 1e-6);
      // Where it is near 0, a derivative taken from y has only y's absolute precision.
      right = right && close(dx[i], up * derivative(at, p), bar, up);
      if (!right) UNSCOPED_INFO("x " << at << " y " << y[i] << " " << value(at, p) << " dx " << dx[i]);
      if (!right) break;
    }
    REQUIRE(right);
  });
}

template <Activation A, class T>
Outputs<T> run(T parameter) {
  std::vector<T> x(1003);
  fill(x);
  for (const T special : {std::numeric_limits<T>::infinity(), -std::numeric_limits<T>::infinity()})
    x.push_back(special);
  Outputs<T> out{std::vector<T>(x.size()), std::vector<T>(x.size(), T(1.5))};
  const auto n = static_cast<Size>(x.size());
  bvae::kernels::activate<A>(n, x.data(), out.y.data(), parameter);
  bvae::kernels::activate_backward<A>(n, x.data(), out.y.data(), out.dx.data(), out.dx.data(), parameter);
  return out;
}

template <Activation A, class T, class Value, class Derivative>
void check(T parameter, double bar, Value value, Derivative derivative) {
  check_lengths<A, T>(parameter, bar, value, derivative);
  for (const Isa isa : bvae_test::all_isas()) {
    const UsingIsa using_isa(isa);
    std::vector<T> nan(19, std::numeric_limits<T>::quiet_NaN());
    bvae::kernels::activate<A>(19, nan.data(), nan.data(), parameter);
    for (const T y : nan) REQUIRE(std::isnan(y));
  }
  bvae_test::for_fused_isas([&] { return run<A>(parameter); },
                            [](const Outputs<T>& first, const Outputs<T>& other) {
                              CHECK(same_bits(first.y, other.y));
                              CHECK(same_bits(first.dx, other.dx));
                            });
}

template <Activation A, class Value, class Derivative>
void check(double parameter, Value value, Derivative derivative) {
  check<A, float>(static_cast<float>(parameter), 1e-6, value, derivative);
  check<A, double>(parameter, 4e-15, value, derivative);
}

}  // namespace

TEST_CASE("Activations: ReLU's family is exact, NaN stays NaN", "[kernels]") {
  check<Activation::kIdentity>(
      0, [](double x, double) { return x; }, [](double, double) { return 1.0; });
  check<Activation::kReLU>(
      0, [](double x, double) { return x > 0 ? x : 0; }, [](double x, double) { return x > 0 ? 1.0 : 0.0; });
  check<Activation::kLeakyReLU>(
      0.01, [](double x, double slope) { return x > 0 ? x : slope * x; },
      [](double x, double slope) { return x > 0 ? 1.0 : slope; });
}

TEST_CASE("Activations: the others agree with the C library, NaN stays NaN", "[kernels]") {
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  const auto phi = [](double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); };
  check<Activation::kTanh>(
      0, [](double x, double) { return std::tanh(x); },
      [](double x, double) { return 1 / (std::cosh(x) * std::cosh(x)); });
  check<Activation::kSigmoid>(
      0, [=](double x, double) { return sigmoid(x); }, [=](double x, double) { return sigmoid(x) * sigmoid(-x); });
  check<Activation::kELU>(
      1.5, [](double x, double alpha) { return x > 0 ? x : alpha * std::expm1(x); },
      [](double x, double alpha) { return x > 0 ? 1 : alpha * std::exp(x); });
  check<Activation::kSoftplus>(
      0, [](double x, double) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); },
      [=](double x, double) { return sigmoid(x); });
  check<Activation::kSiLU>(
      0, [=](double x, double) { return x * sigmoid(x); },
      [=](double x, double) { return sigmoid(x) * (1 + x * sigmoid(-x)); });
  check<Activation::kGELU>(
      0, [=](double x, double) { return x * phi(x); },
      [=](double x, double) { return phi(x) + x * std::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi); });
}

TEST_CASE("Activations: ReLU stops any gradient where its output is 0", "[kernels]") {
  for (const Isa isa : bvae_test::all_isas()) {
    const UsingIsa using_isa(isa);
    const std::vector<float> y{0, 1, -0.0f};
    std::vector<float> dx(3, std::numeric_limits<float>::infinity());
    bvae::kernels::activate_backward<Activation::kReLU>(3, y.data(), y.data(), dx.data(), dx.data(), 0.0f);
    CHECK(dx == std::vector<float>{0, std::numeric_limits<float>::infinity(), 0});
  }
}
