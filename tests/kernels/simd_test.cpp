#include "bvae/kernels/simd.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "support/catch.hpp"
#include "support/guarded.hpp"
#include "support/isas.hpp"

#define BVAE_KERNEL_SOURCE "kernels/lanes_probe.inc"
#include "bvae/kernels/for_each_isa.inc"

namespace {

namespace k = bvae::kernels;
using bvae_test::Guarded;

/// The first values of arrays that end at a forbidden page, or begin after one. `lanes`: how many `copy` takes at once.
template <class T>
void check_first(int lanes, void (*copy)(const T*, k::Size, T*, T*)) {
  for (int count = 1; count <= lanes; ++count)
    for (const bool at_end : {false, true}) {
      Guarded<T> from(static_cast<std::size_t>(count), at_end);
      Guarded<T> to(static_cast<std::size_t>(count), at_end);
      for (int i = 0; i < count; ++i) from.data()[i] = static_cast<T>(i + 1);
      T loaded[16];
      copy(from.data(), count, loaded, to.data());
      bool all = true;
      for (int i = 0; i < lanes; ++i) all = all && loaded[i] == (i < count ? static_cast<T>(i + 1) : T(0));
      for (int i = 0; i < count; ++i) all = all && to.data()[i] == static_cast<T>(i + 1);
      INFO(bvae::name(bvae::isa()) << ": " << count << " of " << lanes << (at_end ? ", at the end of a page" : ""));
      REQUIRE(all);
    }
}

template <class To, class From>
void check_conversion(const From (&from)[16]) {
  To to[16];
  k::choose(&k::baseline::convert_all<To, From>, &k::v3::convert_all<To, From>, &k::v4::convert_all<To, From>)(from,
                                                                                                               to);
  for (std::size_t i = 0; i < 16; ++i) {
    INFO(bvae::name(bvae::isa()) << ": " << from[i]);
    const To expected = static_cast<To>(from[i]);
    REQUIRE((to[i] == expected || (to[i] != to[i] && expected != expected)));
    REQUIRE(std::signbit(static_cast<double>(to[i])) == std::signbit(static_cast<double>(expected)));
  }
}

}  // namespace

TEMPLATE_TEST_CASE(
    "load_up_to, store_up_to: the first values of one register and of several, nothing outside is touched", "[kernels]",
    float, double, std::int32_t, std::uint32_t) {
  for (const bvae::Isa isa : bvae_test::all_isas()) {
    const bvae_test::UsingIsa using_isa(isa);
    using T = TestType;
    check_first(16, k::choose(&k::baseline::copy_first<T, 16>, &k::v3::copy_first<T, 16>, &k::v4::copy_first<T, 16>));
    check_first(k::choose(&k::baseline::width<T>, &k::v3::width<T>, &k::v4::width<T>)(),
                k::choose(&k::baseline::copy_first<T, k::baseline::kWidth<T>>, &k::v3::copy_first<T, k::v3::kWidth<T>>,
                          &k::v4::copy_first<T, k::v4::kWidth<T>>));
  }
}

TEST_CASE("convert: rounds to the nearest, and keeps infinities, NaN and signs", "[kernels]") {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr double kHuge = std::numeric_limits<double>::max();
  for (const bvae::Isa isa : bvae_test::all_isas()) {
    const bvae_test::UsingIsa using_isa(isa);
    check_conversion<double, float>({0.0F, -0.0F, 1.0F, -2.5F, 0x1p-149F, -0x1p-126F, 3.4e38F, kInfinity, -kInfinity,
                                     std::nanf(""), 0.1F, 16777217.0F, -7.0F, 1e-20F, 5.0F, 6.0F});
    check_conversion<float, double>({0.0, -0.0, 1 + 0x1p-24, 1 + 0x3p-24, -(1 + 0x1.8p-24), 0.1, 1e-50, -1e-42, kHuge,
                                     -kHuge, static_cast<double>(kInfinity), std::nan(""), 0x1.fffffep127, 16777217.0,
                                     -3.0, 4.0});
    check_conversion<double, std::int32_t>({0, 1, -1, 255, 65535, -65536, 16777217,
                                            std::numeric_limits<std::int32_t>::max(),
                                            std::numeric_limits<std::int32_t>::min(), 7, 8, 9, 10, 11, 12, 13});
    check_conversion<float, std::int32_t>({0, 1, -1, 255, 65535, -65536, 16777217,
                                           std::numeric_limits<std::int32_t>::max(),
                                           std::numeric_limits<std::int32_t>::min(), 7, 8, 9, 10, 11, 12, 13});
  }
}
