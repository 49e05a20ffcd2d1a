#include "bvae/data/shuffle.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <set>
#include <vector>

#include "support/catch.hpp"

using bvae::Seed;

namespace {

std::vector<std::uint32_t> order(std::uint64_t seed, std::uint64_t epoch, std::size_t size) {
  std::vector<std::uint32_t> result(size, 12345);  // what was there does not matter
  bvae::shuffle(Seed{seed}, epoch, result);
  return result;
}

}  // namespace

TEST_CASE("shuffle: gives every index once", "[data]") {
  for (const std::size_t size : {0u, 1u, 2u, 3u, 4u, 5u, 100u, 60000u}) {
    std::vector<std::uint32_t> sorted = order(1, 0, size);
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < size; ++i) REQUIRE(sorted[i] == i);
  }
}

TEST_CASE("shuffle: is a function of seed and epoch only", "[data]") {
  CHECK(order(7, 3, 1000) == order(7, 3, 1000));
  std::vector<std::uint32_t> used(1000);
  std::iota(used.rbegin(), used.rend(), 0u);
  bvae::shuffle(Seed{7}, 3, used);
  CHECK(used == order(7, 3, 1000));
  CHECK(order(7, 3, 1000) != order(7, 4, 1000));
  CHECK(order(7, 3, 1000) != order(8, 3, 1000));
  CHECK(order(7, 3, 1000) != order(7, 3 + (std::uint64_t{1} << 32), 1000));
}

TEST_CASE("shuffle: every order of four is as likely as another", "[data]") {
  constexpr int kRuns = 24000;
  std::vector<std::vector<std::uint32_t>> seen;
  std::vector<double> counts;
  for (std::uint64_t epoch = 0; epoch < kRuns; ++epoch) {
    const auto o = order(5, epoch, 4);
    const auto at = std::find(seen.begin(), seen.end(), o) - seen.begin();
    if (at == static_cast<std::ptrdiff_t>(seen.size())) {
      seen.push_back(o);
      counts.push_back(0);
    }
    counts[static_cast<std::size_t>(at)] += 1;
  }
  REQUIRE(counts.size() == 24);
  double chi = 0;
  for (const double c : counts) chi += (c - kRuns / 24.0) * (c - kRuns / 24.0) / (kRuns / 24.0);
  CHECK(std::abs(chi - 23) < 5 * std::sqrt(2 * 23.0));
}

TEST_CASE("shuffle: every index comes to every place equally often", "[data]") {
  constexpr std::size_t kSize = 37;
  constexpr int kRuns = 37 * 400;
  std::vector<double> counts(kSize * kSize);
  for (std::uint64_t epoch = 0; epoch < kRuns; ++epoch) {
    const auto o = order(6, epoch, kSize);
    for (std::size_t place = 0; place < kSize; ++place) counts[place * kSize + o[place]] += 1;
  }
  for (std::size_t place = 0; place < kSize; ++place) {
    double chi = 0;
    for (std::size_t i = 0; i < kSize; ++i) {
      const double d = counts[place * kSize + i] - 400;
      chi += d * d / 400;
    }
    INFO("place " << place);
    CHECK(std::abs(chi - 36) < 5 * std::sqrt(2 * 36.0));
  }
}

TEST_CASE("shuffle: orders of two epochs of a real data set agree in about one place", "[data]") {
  const auto a = order(42, 0, 60000), b = order(42, 1, 60000);
  int same = 0, fixed = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    same += a[i] == b[i];
    fixed += a[i] == i;
  }
  CHECK(same < 12);  // Poisson with mean 1: the chance of more is 1e-9
  CHECK(fixed < 12);
}
