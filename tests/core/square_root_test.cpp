#include "bvae/core/square_root.hpp"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "support/catch.hpp"

using bvae::detail::kLanes;
using bvae::detail::Lanes;

TEMPLATE_TEST_CASE("square_root: has the bits of std::sqrt", "[core]", float, double) {
  using Bits = std::conditional_t<sizeof(TestType) == 4, std::uint32_t, std::uint64_t>;
  std::uint64_t state = 1;
  for (int round = 0; round < 4000; ++round) {
    Lanes<TestType> values{};
    for (std::size_t i = 0; i < kLanes<TestType>; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      // Any positive number: every exponent, subnormal ones too, and every mantissa.
      const auto bits = static_cast<Bits>(state >> (64 - 8 * sizeof(TestType)));
      const TestType value = std::abs(std::bit_cast<TestType>(bits));
      values[i] = std::isfinite(value) ? value : 2;
    }
    const Lanes<TestType> roots = bvae::detail::square_root(values);
    for (std::size_t i = 0; i < kLanes<TestType>; ++i) REQUIRE(TestType{roots[i]} == std::sqrt(TestType{values[i]}));
  }
}

TEMPLATE_TEST_CASE("square_root: keeps zero and infinity, and gives NaN below zero", "[core]", float, double) {
  using Limits = std::numeric_limits<TestType>;
  CHECK(TestType{bvae::detail::square_root(Lanes<TestType>{})[0]} == 0);
  CHECK(TestType{bvae::detail::square_root(Lanes<TestType>{} + Limits::infinity())[1]} == Limits::infinity());
  CHECK(std::isnan(TestType{bvae::detail::square_root(Lanes<TestType>{} - TestType{1})[1]}));
}
