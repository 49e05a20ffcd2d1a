// The arguments at which functions are looked at, block after block.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace bvae_benchmark {

constexpr std::size_t kBlock = 1 << 14;

/// The pseudo-random numbers of a block: SplitMix64, of which each block has its own part.
class SplitMix {
 public:
  explicit SplitMix(std::uint64_t block) : state_(block * kStep * kBlock) {}
  std::uint64_t operator()() {
    std::uint64_t z = (state_ += kStep);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

 private:
  static constexpr std::uint64_t kStep = 0x9E3779B97F4A7C15u;
  std::uint64_t state_;
};

/// Every stride-th float.
inline void fill(std::vector<float>& x, std::uint64_t block, std::uint64_t stride, double) {
  x.clear();
  for (std::uint64_t i = 0; i < kBlock; ++i) {
    const std::uint64_t number = (block * kBlock + i) * stride;
    if (number >> 32 != 0) return;
    const auto bits = static_cast<std::uint32_t>(number);
    x.emplace_back();
    std::memcpy(&x.back(), &bits, sizeof bits);
  }
}
/// Pseudo-random doubles: in turn all exponents alike, exponents from -30 to 10, and evenly from -range to range.
inline void fill(std::vector<double>& x, std::uint64_t block, std::uint64_t, double range) {
  x.resize(kBlock);
  SplitMix random(block);
  for (std::size_t i = 0; i < kBlock; ++i) {
    const std::uint64_t z = random();
    if (i % 4 == 0) {
      std::memcpy(&x[i], &z, sizeof z);
    } else if (i % 4 == 1) {
      const double mantissa = 1 + static_cast<double>(z >> 12) * 0x1p-52;
      x[i] = std::ldexp((z & 1) != 0 ? mantissa : -mantissa, static_cast<int>((z >> 1) % 41) - 30);
    } else {
      x[i] = (static_cast<double>(z >> 11) * 0x1p-52 - 1) * range;
    }
  }
}

}  // namespace bvae_benchmark
