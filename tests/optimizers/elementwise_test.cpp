#include "bvae/optimizers/elementwise.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "support/catch.hpp"

TEST_CASE("whole_power: agrees with std::pow", "[optimizers]") {
  CHECK(bvae::detail::whole_power(0.9, 1) == 0.9);
  CHECK(bvae::detail::whole_power(0.0, 3) == 0.0);
  for (const double base : {0.5, 0.9, 0.999, 0.999999}) {
    for (const int exponent : {1, 2, 3, 10, 99, 1000, 123456}) {
      CHECK_THAT(bvae::detail::whole_power(base, exponent),
                 Catch::Matchers::WithinRel(std::pow(base, exponent), 1e-15 * (1 + exponent)));
    }
  }
}

TEMPLATE_TEST_CASE("for_each_lanes: visits every element once, and none beside the range", "[optimizers]", float,
                   double) {
  for (std::size_t size = 0; size <= 40; ++size) {
    std::vector<TestType> parameters(size + 2, 0);
    std::vector<TestType> gradient(size, 0);
    for (std::size_t i = 0; i < size; ++i) gradient[i] = static_cast<TestType>(i + 1);
    bvae::detail::for_each_lanes("Test", 1, std::span<TestType>(parameters).subspan(1, size),
                                 std::span<const TestType>(gradient), std::array<std::span<TestType>, 0>{},
                                 [](auto& p, auto g) { p += g + TestType{1}; });
    CHECK(parameters.front() == 0);
    CHECK(parameters.back() == 0);
    for (std::size_t i = 0; i < size; ++i) REQUIRE(parameters[i + 1] == static_cast<TestType>(i + 2));
  }
}

TEST_CASE("rounded_lanes: keeps a product from being fused with a sum", "[optimizers]") {
  // 1 - x*x has the rounding error of x*x left over only where the two are fused.
  const double x = 1 + 0x1p-30;
  std::vector<double> parameters(5, -(1 + 0x1p-29));
  const std::vector<double> gradient(5, x);
  bvae::detail::for_each_lanes("Test", 1, std::span<double>(parameters), std::span<const double>(gradient),
                               std::array<std::span<double>, 0>{},
                               [](auto& p, auto g) { p += bvae::detail::rounded_lanes<double>(g * g); });
  for (const double left : parameters) CHECK(left == 0);
}
