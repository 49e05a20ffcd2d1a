#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "bvae/kernels/simd.hpp"
#include "support/catch.hpp"
#include "support/isas.hpp"

#define BVAE_KERNEL_SOURCE "kernels/square_root_probe.inc"
#include "bvae/kernels/for_each_isa.inc"

namespace {

template <class T>
void square_roots(T* x) {
  namespace k = bvae::kernels;
  k::choose(&k::baseline::square_roots<T>, &k::v3::square_roots<T>, &k::v4::square_roots<T>)(x);
}

}  // namespace

TEMPLATE_TEST_CASE("square_root: has the bits of std::sqrt", "[kernels]", float, double) {
  using Bits = std::conditional_t<sizeof(TestType) == 4, std::uint32_t, std::uint64_t>;
  using Limits = std::numeric_limits<TestType>;
  for (const bvae::Isa isa : bvae_test::all_isas()) {
    const bvae_test::UsingIsa using_isa(isa);
    std::uint64_t state = 1;
    for (int round = 0; round < 2000; ++round) {
      TestType values[16], roots[16];
      for (std::size_t i = 0; i < 16; ++i) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        // Any positive number: every exponent, subnormal ones too, and every mantissa.
        const auto bits = static_cast<Bits>(state >> (64 - 8 * sizeof(TestType)));
        const TestType value = std::abs(std::bit_cast<TestType>(bits));
        roots[i] = values[i] = std::isfinite(value) ? value : 2;
      }
      square_roots(roots);
      for (std::size_t i = 0; i < 16; ++i) REQUIRE(roots[i] == std::sqrt(values[i]));
    }
    TestType special[16] = {0, Limits::infinity(), -1, Limits::quiet_NaN()};
    square_roots(special);
    CHECK(special[0] == 0);
    CHECK(special[1] == Limits::infinity());
    CHECK(std::isnan(special[2]));
    CHECK(std::isnan(special[3]));
  }
}
