#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include "bvae/kernels/adam.hpp"
#include "bvae/kernels/sgd.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/guarded.hpp"
#include "support/isas.hpp"
#include "support/kernels.hpp"

namespace {

using bvae::kernels::AdamCoefficients;
using bvae::kernels::SgdCoefficients;
using bvae::kernels::Size;
using bvae_test::fill;
using bvae_test::Guarded;
using bvae_test::same_bits;

template <class T>
struct Arrays {
  Arrays(std::size_t n, bool at_end) : gradient(n, at_end), p(n, at_end), first(n, at_end), second(n, at_end) {
    fill(gradient, 1.3), fill(p, 0.7), fill(first, 2.1, 0.1), fill(second, 0.9, 0.01, 0.01);
  }
  Guarded<T> gradient, p, first, second;
};

template <class T>
bool close(T value, double expected) {
  return std::abs(static_cast<double>(value) - expected) <= 8.0 * double(std::numeric_limits<T>::epsilon());
}

/// One update of both kernels in double.
void adam_one(const AdamCoefficients<double>& c, double g, double& p, double& m, double& v) {
  g *= c.scale;
  m = c.keep1 * m + c.take1 * g;
  v = c.keep2 * v + c.take2 * g * g;
  p = c.keep_parameter * p - c.step_size * m / (std::sqrt(v) + c.epsilon);
}
void sgd_one(const SgdCoefficients<double>& c, double g, double& p, double& b) {
  g = c.decay * p + c.scale * g;
  if (c.has_momentum) b = c.first ? g : c.keep * b + c.take * g;
  if (c.has_momentum) g = c.looks_ahead ? g + c.keep * b : b;
  p -= c.step_size * g;
}

template <class T>
AdamCoefficients<T> cast(const AdamCoefficients<double>& c) {
  return {T(c.scale), T(c.keep1),     T(c.take1),   T(c.keep2),
          T(c.take2), T(c.step_size), T(c.epsilon), T(c.keep_parameter)};
}
template <class T>
SgdCoefficients<T> cast(const SgdCoefficients<double>& c) {
  return {T(c.scale), T(c.decay), T(c.keep), T(c.take), T(c.step_size), c.has_momentum, c.first, c.looks_ahead};
}

const std::vector<AdamCoefficients<double>> kAdam{{0.5, 0.9, 0.1, 0.99, 0.01, 0.03, 1e-8, 1},
                                                  {2, 0.5, 0.5, 0.9, 0.1, 0.01, 1e-3, 0.98}};
const std::vector<SgdCoefficients<double>> kSgd{
    {1, 0, 0, 1, 0.1, false, true, false},        {0.5, 0.2, 0, 1, 0.1, false, false, false},
    {0.5, 0.2, 0.9, 0.7, 0.1, true, true, false}, {0.5, 0.2, 0.9, 0.7, 0.1, true, false, false},
    {2, 0, 0.9, 1, 0.1, true, false, true},       {2, 0, 0.9, 1, 0.1, true, true, true}};

template <class T>
void update(Arrays<T>& a, const AdamCoefficients<double>& c) {
  bvae::kernels::adam(static_cast<Size>(a.p.size()), cast<T>(c), a.gradient.data(), a.p.data(), a.first.data(),
                      a.second.data());
}
template <class T>
void update(Arrays<T>& a, const SgdCoefficients<double>& c) {
  bvae::kernels::sgd(static_cast<Size>(a.p.size()), cast<T>(c), a.gradient.data(), a.p.data(), a.first.data());
}

template <class T, class Coefficients>
void check(const Coefficients& c) {
  bvae_test::for_isas_and_lengths([&](std::size_t n, bool at_end) {
    Arrays<T> a(n, at_end), before(n, at_end);
    update(a, c);
    bool right = true;
    for (std::size_t i = 0; i < n; ++i) {
      double p = double(before.p[i]), m = double(before.first[i]), v = double(before.second[i]);
      if constexpr (std::is_same_v<Coefficients, AdamCoefficients<double>>) {
        adam_one(c, double(before.gradient[i]), p, m, v);
      } else {
        sgd_one(c, double(before.gradient[i]), p, m);
      }
      right = right && close(a.p[i], p) && close(a.first[i], m) && close(a.second[i], v);
    }
    REQUIRE(right);
  });
  const auto run = [&] {
    Arrays<T> a(1001, true);
    update(a, c);
    return a;
  };
  bvae_test::for_fused_isas(run, [](const Arrays<T>& first, const Arrays<T>& other) {
    CHECK(same_bits(first.p, other.p));
    CHECK(same_bits(first.first, other.first));
    CHECK(same_bits(first.second, other.second));
  });
}

}  // namespace

TEMPLATE_TEST_CASE("kernels::adam: updates each element alone, with the same bits for all registers", "[kernels]",
                   float, double) {
  for (const AdamCoefficients<double>& c : kAdam) check<TestType>(c);
}

TEMPLATE_TEST_CASE("kernels::sgd: updates each element alone, with the same bits for all registers", "[kernels]", float,
                   double) {
  for (const SgdCoefficients<double>& c : kSgd) check<TestType>(c);
}

TEST_CASE("kernels::sgd: without momentum its array is not touched", "[kernels]") {
  for (const bvae::Isa isa : bvae_test::all_isas()) {
    const bvae_test::UsingIsa using_isa(isa);
    Arrays<float> a(37, true);
    const SgdCoefficients<float> c{1, 0, 0, 1, 0.5f, false, false, false};
    CHECK_NOTHROW(bvae::kernels::sgd<float>(37, c, a.gradient.data(), a.p.data(), nullptr));
  }
}
