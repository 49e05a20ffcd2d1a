#include "bvae/kernels/dropout.hpp"

#include <cstddef>

#include "support/catch.hpp"
#include "support/guarded.hpp"
#include "support/kernels.hpp"

TEMPLATE_TEST_CASE("kernels::drop: keeps, scaled, what the draws in y say, and touches nothing else", "[kernels]",
                   float, double) {
  bvae_test::for_isas_and_lengths([](std::size_t count, bool at_end) {
    bvae_test::Guarded<TestType> x(count, at_end), y(count, at_end), draws(count, at_end);
    bvae_test::fill(x, 1.1, 3);
    bvae_test::fill(draws, 0.7, 0.5, 0.5);
    if (count > 2) draws[count / 2] = TestType(0.25);  // the threshold itself is kept
    for (std::size_t i = 0; i < count; ++i) y[i] = draws[i];
    bvae::kernels::drop<TestType>(static_cast<bvae::kernels::Size>(count), x.data(), TestType(0.25), TestType(1.7),
                                  y.data());
    std::size_t different = 0;
    for (std::size_t i = 0; i < count; ++i)
      different += y[i] != (draws[i] >= TestType(0.25) ? x[i] * TestType(1.7) : TestType(0));
    REQUIRE(different == 0);
  });
}
