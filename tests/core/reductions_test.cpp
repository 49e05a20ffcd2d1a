#include "bvae/core/reductions.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "support/catch.hpp"

using bvae::Index;
using bvae::sum_of_squares;

TEMPLATE_TEST_CASE("sum_of_squares: counts every value once, for any length", "[core]", float, double) {
  for (Index n = 0; n <= 70; ++n) {
    std::vector<TestType> values(static_cast<std::size_t>(n) + 1, TestType(1000));  // one more, not to be counted
    double expected = 0;
    for (Index i = 0; i < n; ++i) {
      values[static_cast<std::size_t>(i)] = static_cast<TestType>(i + 1);
      expected += static_cast<double>((i + 1) * (i + 1));
    }
    CHECK(sum_of_squares(values.data(), n) == expected);  // whole numbers: exact
  }
}

TEST_CASE("sum_of_squares: sums floats in double", "[core]") {
  const std::vector<float> values(100000, 1e-3f);  // one sum in float would be off by 1e-3
  CHECK(sum_of_squares(values.data(), 100000) == Approx(1e5 * double(1e-3f) * double(1e-3f)).epsilon(1e-6));
  const std::vector<float> large(20, 3e38f);  // their squares are no floats
  CHECK(std::isfinite(sum_of_squares(large.data(), 20)));
}

TEST_CASE("sum_of_squares: one value that is not finite is seen wherever it lies", "[core]") {
  for (const float bad : {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
                          std::numeric_limits<float>::quiet_NaN()})
    for (std::size_t i = 0; i < 37; ++i) {
      std::vector<float> values(37, 1.0f);
      values[i] = bad;
      REQUIRE_FALSE(std::isfinite(sum_of_squares(values.data(), 37)));
    }
}
