#include "bvae/optimizers/check.hpp"

#include <array>
#include <limits>
#include <span>
#include <stdexcept>
#include <vector>

#include "support/catch.hpp"

TEST_CASE("require_step: vectors must be of equal length and t counts from 1", "[optimizers]") {
  std::vector<float> three(3), two(2);
  const auto check = [](std::vector<float>& p, std::vector<float>& g, std::vector<float>& m, std::int64_t t) {
    bvae::detail::require_step<float>("Test", t, p, g, std::array<std::span<float>, 1>{m});
  };
  CHECK_NOTHROW(check(three, three, three, 1));
  CHECK_THROWS_AS(check(three, two, three, 1), std::invalid_argument);
  CHECK_THROWS_AS(check(three, three, two, 1), std::invalid_argument);
  CHECK_THROWS_AS(check(two, three, three, 1), std::invalid_argument);
  CHECK_THROWS_WITH(check(three, three, three, 0), "Test: t counts from 1, got 0");
}

TEST_CASE("require_hyper_parameter: names the optimizer, the rule and the value", "[optimizers]") {
  CHECK_NOTHROW(bvae::detail::require_hyper_parameter(true, "Test", "x must be positive", 1));
  CHECK_THROWS_WITH(bvae::detail::require_hyper_parameter(false, "Test", "x must be positive", -1),
                    "Test: x must be positive, got -1");
  CHECK_NOTHROW(bvae::detail::require_learning_rate("Test", 0));
  for (const double bad : {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()})
    CHECK_THROWS_AS(bvae::detail::require_learning_rate("Test", bad), std::invalid_argument);
}
