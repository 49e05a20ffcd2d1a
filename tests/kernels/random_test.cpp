#include "bvae/kernels/random.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

#include "bvae/core/random.hpp"
#include "support/bits.hpp"
#include "support/catch.hpp"
#include "support/guarded.hpp"
#include "support/isas.hpp"
#include "support/kernels.hpp"

namespace kernels = bvae::kernels;
using bvae::kernels::Size;
using bvae_test::Guarded;

namespace {

// Words that reach the ends of every range, then plenty of others.
std::vector<std::uint32_t> many_words(std::size_t count, std::uint32_t sample) {
  std::vector<std::uint32_t> words{0u,          1u,          0xffu,       0x100u,      0x7fffff80u, 0x7fffffffu,
                                   0x80000000u, 0x3fffffffu, 0x40000000u, 0xbfffffffu, 0xc0000000u, 0xfffffeffu,
                                   0xffffff00u, 0xffffff7fu, 0xffffff80u, 0xffffffffu};
  const bvae::RandomStream random(bvae::Seed{99}, bvae::Stream::kUser);
  for (std::uint32_t b = 0; words.size() < count; ++b)
    for (const std::uint32_t w : random.words(sample, b)) words.push_back(w);
  words.resize(count);
  return words;
}

}  // namespace

TEMPLATE_TEST_CASE("kernels::box_muller: the same bits for all registers", "[kernels][random]", float, double) {
  constexpr std::size_t kPairs = (1 << 18) + 37;
  const std::vector<std::uint32_t> a = many_words(kPairs, 0);
  const std::vector<std::uint32_t> b = many_words(kPairs, 1);
  const auto run = [&] {
    std::vector<TestType> normals(2 * kPairs);
    kernels::box_muller(Size{kPairs}, a.data(), b.data(), normals.data(), normals.data() + kPairs);
    return normals;
  };
  bvae_test::for_fused_isas(run, [](const std::vector<TestType>& first, const std::vector<TestType>& other) {
    CHECK(bvae_test::same_bits(first, other));
  });
}

TEMPLATE_TEST_CASE(
    "kernels::box_muller: any length gives the pairs that each has alone, and nothing outside is touched",
    "[kernels][random]", float, double) {
  const std::vector<std::uint32_t> all_a = many_words(67, 4);
  std::vector<std::uint32_t> all_b = many_words(67, 5);
  std::rotate(all_b.begin(), all_b.begin() + 20, all_b.end());
  bvae_test::for_isas_and_lengths([&](std::size_t count, bool at_end) {
    Guarded<std::uint32_t> a(count, at_end), b(count, at_end);
    std::copy_n(all_a.begin(), count, a.begin());
    std::copy_n(all_b.begin(), count, b.begin());
    Guarded<TestType> first(count, at_end), second(count, at_end);
    kernels::box_muller(static_cast<Size>(count), a.data(), b.data(), first.data(), second.data());
    std::vector<TestType> cosines(count), sines(count);
    for (std::size_t i = 0; i < count; ++i) kernels::box_muller(1, &a[i], &b[i], &cosines[i], &sines[i]);
    REQUIRE(bvae_test::same_bits(first, cosines));
    REQUIRE(bvae_test::same_bits(second, sines));
    bool right = true;
    for (std::size_t i = 0; i < count; ++i) {
      const double u = static_cast<double>(static_cast<float>((static_cast<double>(a[i]) + 0.5) * 0x1p-32));
      const double v = 2 * std::numbers::pi * static_cast<double>(b[i] >> 8) * 0x1p-24;
      const double radius = std::sqrt(-2 * std::log(u));
      right = right && std::abs(static_cast<double>(first[i]) - radius * std::cos(v)) < 6e-7 &&
              std::abs(static_cast<double>(second[i]) - radius * std::sin(v)) < 6e-7;
    }
    REQUIRE(right);
  });
}

TEST_CASE("kernels::box_muller: agrees with the formula in double", "[kernels][random]") {
  constexpr std::size_t kPairs = 1 << 16;
  const std::vector<std::uint32_t> a = many_words(kPairs, 2);
  std::vector<std::uint32_t> b = many_words(kPairs, 3);
  for (const bvae::Isa isa : bvae_test::all_isas()) {
    const bvae_test::UsingIsa use(isa);
    double worst = 0;
    for (std::size_t turn = 0; turn < 17; ++turn) {  // the special words of `a` meet all those of `b`
      const std::size_t pairs = turn == 0 ? kPairs : 16;
      std::vector<float> first(pairs), second(pairs);
      kernels::box_muller(static_cast<Size>(pairs), a.data(), b.data(), first.data(), second.data());
      for (std::size_t i = 0; i < pairs; ++i) {
        const double u = static_cast<double>(static_cast<float>((static_cast<double>(a[i]) + 0.5) * 0x1p-32));
        const double v = 2 * std::numbers::pi * static_cast<double>(b[i] >> 8) * 0x1p-24;
        const double radius = std::sqrt(-2 * std::log(u));
        const double error = std::max(std::abs(static_cast<double>(first[i]) - radius * std::cos(v)),
                                      std::abs(static_cast<double>(second[i]) - radius * std::sin(v)));
        worst = error <= worst ? worst : error;  // NaN too
      }
      std::rotate(b.begin(), b.begin() + 1, b.begin() + 16);
    }
    INFO(name(isa));
    CHECK(worst < 6e-7);
  }
}
