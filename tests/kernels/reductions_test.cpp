#include "bvae/kernels/reductions.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "support/catch.hpp"
#include "support/guarded.hpp"
#include "support/isas.hpp"
#include "support/kernels.hpp"

using bvae::Isa;
using bvae::kernels::all_finite;
using bvae::kernels::Size;
using bvae::kernels::sum_of_squares;
using bvae_test::Guarded;
using bvae_test::UsingIsa;

TEMPLATE_TEST_CASE("kernels::sum_of_squares: reads exactly its values, of any length", "[kernels]", float, double) {
  const auto check = [](std::size_t n, bool at_end) {
    Guarded<TestType> x(n, at_end);
    double expected = 0;
    for (std::size_t i = 0; i < n; ++i) {
      x[i] = static_cast<TestType>(static_cast<int>(i % 17) - 8);
      expected += double(x[i]) * double(x[i]);
    }
    REQUIRE(sum_of_squares(static_cast<Size>(n), x.data()) == expected);  // whole numbers: exact
  };
  bvae_test::for_isas_and_lengths(check, {.most = 2200, .step = 71});
}

TEMPLATE_TEST_CASE("kernels::sum_of_squares: is right within rounding, with the same bits for all registers",
                   "[kernels]", float, double) {
  std::vector<TestType> x(10007);
  bvae_test::fill(x, 1.1);
  double expected = 0;
  for (const TestType v : x) expected += double(v) * double(v);
  for (const Isa isa : bvae_test::all_isas()) {
    const UsingIsa using_isa(isa);
    const double bar = sizeof(TestType) == 4 ? 2e-7 : 1e-13;
    CHECK(sum_of_squares(10007, x.data()) == Approx(expected).epsilon(bar));
  }
  bvae_test::for_fused_isas([&] { return sum_of_squares(10007, x.data()); },
                            [](double first, double other) { CHECK(other == first); });
}

TEST_CASE("kernels::sum_of_squares: floats whose squares are no floats count too", "[kernels]") {
  for (const Isa isa : bvae_test::all_isas()) {
    const UsingIsa using_isa(isa);
    for (const float value : {3e38f, 1e-30f}) {
      std::vector<float> x(1100, value);
      const double square = double(value) * double(value);
      CHECK(sum_of_squares(1100, x.data()) == Approx(1100 * square).epsilon(1e-12));
      x[700] = 1;
      CHECK(sum_of_squares(1100, x.data()) == Approx(1099 * square + 1).epsilon(1e-12));
    }
    CHECK(sum_of_squares(100, std::vector<float>(100).data()) == 0);
  }
}

TEMPLATE_TEST_CASE("kernels::all_finite: sees one bad value wherever it lies, and none beside", "[kernels]", float,
                   double) {
  using Limits = std::numeric_limits<TestType>;
  bvae_test::for_isas_and_lengths([](std::size_t n, bool at_end) {
    Guarded<TestType> x(n, at_end);
    for (std::size_t i = 0; i < n; ++i) x[i] = i % 2 == 0 ? Limits::max() : Limits::denorm_min();
    const auto count = static_cast<Size>(n);
    REQUIRE(all_finite(count, x.data()));
    for (std::size_t i = 0; i < n; ++i)
      for (const TestType bad : {Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN()}) {
        const TestType good = x[i];
        x[i] = bad;
        REQUIRE_FALSE(all_finite(count, x.data()));
        REQUIRE_FALSE(std::isfinite(sum_of_squares(count, x.data())));
        x[i] = good;
      }
  });
}
