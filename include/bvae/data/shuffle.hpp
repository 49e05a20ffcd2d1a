#pragma once

#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <utility>

#include "bvae/core/random.hpp"

namespace bvae {

/// Fills `order` with a random permutation of 0 ... size - 1, a function of (seed, epoch) only. Fisher and Yates's
/// shuffle; each draw is exactly uniform (Lemire 2019: multiply, and reject the few words that would make it uneven).
/// Allocates nothing.
inline void shuffle(Seed seed, std::uint64_t epoch, std::span<std::uint32_t> order) {
  std::iota(order.begin(), order.end(), 0u);
  const RandomStream random(seed, Stream::kShuffle, epoch);
  philox::Counter words{};
  std::uint64_t drawn = 0;
  for (std::size_t i = order.size(); i > 1; --i) {
    const std::uint32_t bound = static_cast<std::uint32_t>(i);
    const std::uint32_t uneven = (std::numeric_limits<std::uint32_t>::max() - bound + 1) % bound;
    std::uint64_t product = 0;
    do {
      if (drawn % 4 == 0)
        words = random.words(static_cast<std::uint32_t>(drawn >> 34), static_cast<std::uint32_t>(drawn >> 2));
      product = std::uint64_t{words[drawn % 4]} * bound;
      ++drawn;
    } while (static_cast<std::uint32_t>(product) < uneven);
    std::swap(order[i - 1], order[product >> 32]);
  }
}

}  // namespace bvae
