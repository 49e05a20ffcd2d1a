#include "bvae/kernels/bytes.hpp"

#include <cstddef>
#include <cstdint>

#include "support/catch.hpp"
#include "support/guarded.hpp"
#include "support/kernels.hpp"

TEMPLATE_TEST_CASE("bytes_to_values: all bytes become the nearest value of b / 255, at any length", "[kernels]", float,
                   double) {
  const auto check = [](std::size_t count, bool at_end) {
    bvae_test::Guarded<std::uint8_t> bytes(count, at_end);
    bvae_test::Guarded<TestType> values(count, at_end);
    for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::uint8_t>(255 - i);
    bvae::kernels::bytes_to_values(static_cast<bvae::kernels::Size>(count), bytes.data(), values.data());
    std::size_t different = 0;
    for (std::size_t i = 0; i < count; ++i) different += values[i] != static_cast<TestType>(255 - i) / TestType(255);
    REQUIRE(different == 0);
  };
  bvae_test::for_isas_and_lengths(check, {.dense = 40, .most = 256, .step = 27});
}
