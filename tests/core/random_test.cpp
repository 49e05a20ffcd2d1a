#include "bvae/core/random.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <set>
#include <span>
#include <vector>

#include "support/catch.hpp"
#include "support/guarded.hpp"
#include "support/isas.hpp"

using bvae::RandomStream;
using bvae::Seed;
using bvae::Stream;
namespace philox = bvae::philox;

namespace {

constexpr std::size_t kSamples = 1000;
constexpr std::size_t kElements = 1000;  // no multiple of 64: the short last part is in the statistics
constexpr std::size_t kCount = kSamples * kElements;

std::vector<float> normals(Seed seed, Stream stream, std::uint64_t step, std::uint32_t first_sample = 0) {
  std::vector<float> values(kCount);
  const RandomStream random(seed, stream, step);
  for (std::size_t s = 0; s < kSamples; ++s)
    random.normal(first_sample + static_cast<std::uint32_t>(s), std::span(values).subspan(s * kElements, kElements));
  return values;
}

// Correlation in standard errors of independent values. `stride` 2 takes every second value of both.
double correlation(std::span<const float> a, std::span<const float> b, std::size_t stride = 1, bool squares = false) {
  double sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0, n = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); i += stride, n += 1) {
    const double x = squares ? double(a[i]) * double(a[i]) : double(a[i]);
    const double y = squares ? double(b[i]) * double(b[i]) : double(b[i]);
    sa += x;
    sb += y;
    saa += x * x;
    sbb += y * y;
    sab += x * y;
  }
  return (sab - sa * sb / n) / std::sqrt((saa - sa * sa / n) * (sbb - sb * sb / n)) * std::sqrt(n);
}

// Chi-square of 100 cells of equal probability, in standard deviations from its mean; `cell` maps a value to [0, 1).
template <class Cell>
double chi_square(std::span<const float> values, Cell cell) {
  std::vector<double> counts(100);
  for (const float v : values) counts[std::min<std::size_t>(99, static_cast<std::size_t>(100 * cell(double(v))))] += 1;
  const double expected = static_cast<double>(values.size()) / 100;
  double sum = 0;
  for (const double c : counts) sum += (c - expected) * (c - expected) / expected;
  return (sum - 99) / std::sqrt(2.0 * 99);
}

}  // namespace

TEST_CASE("Philox: gives the known answers of Random123", "[core][random]") {
  CHECK(philox::block({0, 0, 0, 0}, {0, 0}) == philox::Counter{0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u});
  constexpr std::uint32_t kAll = 0xffffffffu;
  CHECK(philox::block({kAll, kAll, kAll, kAll}, {kAll, kAll}) ==
        philox::Counter{0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu});
  CHECK(philox::block({0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u}, {0xa4093822u, 0x299f31d0u}) ==
        philox::Counter{0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u});
}

TEST_CASE("RandomStream: vectors give what single blocks give, on every instruction set", "[core][random]") {
  const RandomStream random(Seed{0xa4093822299f31d0u}, Stream::kUser, 0x123456789abcu);
  const std::size_t first = 4 * std::size_t{0xfffffff0u};  // the last blocks that there are
  std::vector<float> expected(1003);
  for (const bvae::Isa isa : bvae_test::all_isas()) {
    const bvae_test::UsingIsa use(isa);
    INFO(name(isa));
    for (const std::size_t begin : {std::size_t{0}, first}) {
      const std::size_t count = begin == 0 ? expected.size() : 64;
      for (std::size_t i = 0; i < count; ++i)
        expected[i] =
            static_cast<float>(random.words(17, static_cast<std::uint32_t>((begin + i) / 4))[i % 4] >> 8) * 0x1p-24f;
      std::vector<float> uniform(count), ones(count);
      random.uniform(17, std::span<float>(uniform), begin);
      CHECK(std::equal(uniform.begin(), uniform.end(), expected.begin()));
      for (std::size_t i = 0; i < count; ++i) ones[i] = static_cast<float>(i % 11) / 10;
      random.bernoulli(17, std::span<float>(ones), begin);
      std::size_t different = 0;
      for (std::size_t i = 0; i < count; ++i)
        different += ones[i] != (expected[i] < static_cast<float>(i % 11) / 10 ? 1.0f : 0.0f);
      CHECK(different == 0);
    }
  }
}

TEMPLATE_TEST_CASE("RandomStream: fills any length and touches nothing else", "[core][random]", float, double) {
  const RandomStream random(Seed{12}, Stream::kUser);
  for (const bvae::Isa isa : bvae_test::all_isas()) {
    const bvae_test::UsingIsa use(isa);
    std::vector<TestType> uniform(140), normal(140), ones(140, TestType(0.5));
    random.uniform(1, std::span<TestType>(uniform));
    random.normal(1, std::span<TestType>(normal));
    random.bernoulli(1, std::span<TestType>(ones));
    for (std::size_t count = 0; count <= 140; ++count)
      for (const bool at_end : {true, false}) {
        bvae_test::Guarded<TestType> values(count, at_end);
        random.uniform(1, std::span<TestType>(values));
        bool same = std::equal(values.begin(), values.end(), uniform.begin());
        random.normal(1, std::span<TestType>(values));
        same = same && std::equal(values.begin(), values.end(), normal.begin());
        std::fill(values.begin(), values.end(), TestType(0.5));
        random.bernoulli(1, std::span<TestType>(values));
        same = same && std::equal(values.begin(), values.end(), ones.begin());
        INFO(name(isa) << ", " << count << " values");
        REQUIRE(same);
      }
  }
}

TEST_CASE("RandomStream: the counter is block, sample, step and stream, the key is the seed", "[core][random]") {
  const Seed seed{0x0123456789abcdefu};
  const std::uint64_t step = 0x00aabbcc11223344u;
  const RandomStream random(seed, Stream::kNoise, step);
  CHECK(random.words(5, 7) == philox::block({7, 5, 0x11223344u, 0x02aabbccu}, {0x89abcdefu, 0x01234567u}));
  float uniform[8];
  random.uniform(5, std::span<float>(uniform), 4 * 7);
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(double(uniform[i]) == static_cast<double>(random.words(5, 7)[i] >> 8) / 16777216.0);
}

TEST_CASE("RandomStream: another seed, stream, step, sample or block gives other words", "[core][random]") {
  std::set<philox::Counter> seen;
  std::size_t made = 0;
  const std::uint64_t steps[] = {0,
                                 1,
                                 2,
                                 (std::uint64_t{1} << 32) - 1,
                                 std::uint64_t{1} << 32,
                                 (std::uint64_t{1} << 32) + 1,
                                 (std::uint64_t{1} << 56) - 1};
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 32, ~std::uint64_t{0}})
    for (const Stream stream : {Stream::kInitialization, Stream::kShuffle, Stream::kNoise, Stream::kBinarization,
                                Stream::kEvaluationNoise, Stream::kSampling, Stream::kUser})
      for (const std::uint64_t step : steps)
        for (const std::uint32_t sample : {0u, 1u, 0xffffffffu})
          for (const std::uint32_t block : {0u, 1u, 2u}) {
            seen.insert(RandomStream(Seed{seed}, stream, step).words(sample, block));
            ++made;
          }
  CHECK(seen.size() == made);
}

TEST_CASE("RandomStream: the same indices give the same numbers, in any order", "[core][random]") {
  const RandomStream random(Seed{3}, Stream::kNoise, 11);
  float a[20], b[20], other[20];
  random.normal(4, std::span<float>(a));
  random.normal(5, std::span<float>(other));
  RandomStream(Seed{3}, Stream::kNoise, 11).normal(4, std::span<float>(b));
  CHECK(std::equal(std::begin(a), std::end(a), std::begin(b)));
  CHECK_FALSE(std::equal(std::begin(a), std::end(a), std::begin(other)));
}

TEMPLATE_TEST_CASE("RandomStream: a start at `first` gives a slice of the whole", "[core][random]", float, double) {
  const RandomStream random(Seed{5}, Stream::kUser, 2);
  std::vector<TestType> uniform(517), normal(517);
  random.uniform(9, std::span<TestType>(uniform));
  random.normal(9, std::span<TestType>(normal));
  for (const std::size_t first : {0u, 4u, 60u, 64u, 68u, 256u, 512u})
    for (const std::size_t count : {0u, 1u, 3u, 4u, 5u, 63u, 64u, 65u, 200u}) {
      const std::size_t n = std::min(count, uniform.size() - first);
      std::vector<TestType> part(n + 1, TestType(77));
      random.uniform(9, std::span<TestType>(part.data(), n), first);
      INFO("first " << first << ", count " << n);
      REQUIRE(std::equal(part.begin(), part.begin() + static_cast<std::ptrdiff_t>(n),
                         uniform.begin() + static_cast<std::ptrdiff_t>(first)));
      REQUIRE(part[n] == TestType(77));  // nothing behind the end is touched
      random.normal(9, std::span<TestType>(part.data(), n), first);
      REQUIRE(std::equal(part.begin(), part.begin() + static_cast<std::ptrdiff_t>(n),
                         normal.begin() + static_cast<std::ptrdiff_t>(first)));
      REQUIRE(part[n] == TestType(77));
    }
}

TEST_CASE("RandomStream: float and double come from the same bits", "[core][random]") {
  const RandomStream random(Seed{6}, Stream::kNoise, 3);
  std::vector<float> f(1001);
  std::vector<double> d(1001);
  random.uniform(1, std::span<float>(f));
  random.uniform(1, std::span<double>(d));
  CHECK(std::equal(f.begin(), f.end(), d.begin(), [](float a, double b) { return static_cast<double>(a) == b; }));
  random.normal(1, std::span<float>(f));
  random.normal(1, std::span<double>(d));
  CHECK(std::equal(f.begin(), f.end(), d.begin(), [](float a, double b) { return static_cast<double>(a) == b; }));
}

TEST_CASE("RandomStream: uniform numbers lie in the range 0 to 1, 1 excluded, evenly", "[core][random]") {
  std::vector<float> values(kCount);
  const RandomStream random(Seed{1}, Stream::kUser);
  for (std::size_t s = 0; s < kSamples; ++s)
    random.uniform(static_cast<std::uint32_t>(s), std::span(values).subspan(s * kElements, kElements));
  double sum = 0;
  for (const float v : values) {
    REQUIRE((v >= 0.0f && v < 1.0f));
    REQUIRE(std::floor(v * 0x1p24f) == v * 0x1p24f);
    sum += static_cast<double>(v);
  }
  const double n = static_cast<double>(kCount);
  CHECK(std::abs(sum / n - 0.5) < 5 / std::sqrt(12 * n));
  CHECK(std::abs(chi_square(values, [](double v) { return v; })) < 5);
  CHECK(std::abs(chi_square(values, [](double v) { return v * 256 - std::floor(v * 256); })) < 5);  // lower bits
}

TEST_CASE("RandomStream: a million normals have the moments, tails and shape of N(0, 1)", "[core][random]") {
  const double n = static_cast<double>(kCount);
  for (const Stream stream : {Stream::kNoise, Stream::kSampling}) {
    const std::vector<float> values = normals(Seed{2024}, stream, 1);
    double sum = 0, sum2 = 0, sum3 = 0, sum4 = 0, largest = 0;
    for (const float v : values) {
      const double x = static_cast<double>(v);
      REQUIRE(std::isfinite(x));
      sum += x;
      sum2 += x * x;
      sum3 += x * x * x;
      sum4 += x * x * x * x;
      largest = std::max(largest, std::abs(x));
    }
    const double mean = sum / n;
    const double variance = sum2 / n - mean * mean;
    const double skewness = (sum3 / n - 3 * mean * sum2 / n + 2 * mean * mean * mean) / std::pow(variance, 1.5);
    const double kurtosis =
        (sum4 / n - 4 * mean * sum3 / n + 6 * mean * mean * sum2 / n - 3 * std::pow(mean, 4)) / (variance * variance);
    CHECK(std::abs(mean) < 5 / std::sqrt(n));
    CHECK(std::abs(variance - 1) < 5 * std::sqrt(2 / n));
    CHECK(std::abs(skewness) < 5 * std::sqrt(6 / n));
    CHECK(std::abs(kurtosis - 3) < 5 * std::sqrt(24 / n));
    CHECK(largest < 6.77);
    CHECK(largest > 4.2);  // the chance of less is 3e-12
    for (const double sigma : {2.0, 3.0, 4.0})
      for (const double sign : {-1.0, 1.0}) {
        const double p = 0.5 * std::erfc(sigma / std::numbers::sqrt2);
        const auto beyond =
            std::count_if(values.begin(), values.end(), [&](float v) { return sign * static_cast<double>(v) > sigma; });
        INFO("beyond " << sign * sigma << " sigma");
        CHECK(std::abs(static_cast<double>(beyond) - n * p) < 5 * std::sqrt(n * p * (1 - p)));
      }
    CHECK(std::abs(chi_square(values, [](double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); })) < 5);
  }
}

TEST_CASE("RandomStream: normals of a pair, of neighbouring samples, steps, streams and seeds are not correlated",
          "[core][random]") {
  const std::vector<float> values = normals(Seed{8}, Stream::kNoise, 5);
  const std::span<const float> all(values);
  // Elements 2i and 2i + 1 come from one pair of words; squares see a shared radius.
  CHECK(std::abs(correlation(all, all.subspan(1), 2)) < 5);
  CHECK(std::abs(correlation(all, all.subspan(1), 2, true)) < 5);
  for (const std::size_t lag :
       {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{4}, std::size_t{64}, kElements}) {
    INFO("lag " << lag);
    CHECK(std::abs(correlation(all, all.subspan(lag))) < 5);
    CHECK(std::abs(correlation(all, all.subspan(lag), 1, true)) < 5);
  }
  const std::vector<float> others[] = {
      normals(Seed{8}, Stream::kNoise, 6), normals(Seed{8}, Stream::kNoise, 5 + (1ull << 32)),
      normals(Seed{8}, Stream::kEvaluationNoise, 5), normals(Seed{9}, Stream::kNoise, 5)};
  for (const std::vector<float>& other : others) {
    CHECK(std::abs(correlation(all, other)) < 5);
    CHECK(std::abs(correlation(all, other, 1, true)) < 5);
  }
}
