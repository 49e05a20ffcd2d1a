/// Random numbers in vectors: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3",
/// SC 2011) for 16 counters at once, and what is made of its words. core/random.hpp says which counter is for what.
#pragma once

#include <cstdint>

#include "bvae/kernels/isa.hpp"
#include "bvae/kernels/math.hpp"
#include "bvae/kernels/simd.hpp"

namespace bvae::kernels {

/// The key and the last three words of the counters; the first word counts blocks of four words.
struct PhiloxStream {
  std::uint32_t key[2];
  std::uint32_t sample, low, high;
};

inline constexpr std::uint32_t kPhiloxMultiplier0 = 0xD2511F53;
inline constexpr std::uint32_t kPhiloxMultiplier1 = 0xCD9E8D57;
inline constexpr std::uint32_t kPhiloxWeyl0 = 0x9E3779B9;
inline constexpr std::uint32_t kPhiloxWeyl1 = 0xBB67AE85;

/// What is made of the words of a block, value k of word k (normals: a pair of a pair).
enum class Draw : unsigned char {
  kUniform,    ///< in [0, 1), on a grid of 2^-24
  kNormal,     ///< by Box and Muller (1958), |n| < 6.77
  kBernoulli,  ///< 1 with the probability that was there before, otherwise 0
};

}  // namespace bvae::kernels

#define BVAE_KERNEL_SOURCE "bvae/kernels/random.inc"
#include "bvae/kernels/for_each_isa.inc"

namespace bvae::kernels {

/// `count` random numbers from the words of the blocks `block`, `block` + 1, ...; float and double get the same values.
template <class S>
void draw(Draw kind, const PhiloxStream& stream, std::uint32_t block, Size count, S* out) {
  choose(&baseline::draw<S>, &v3::draw<S>, &v4::draw<S>)(kind, stream, block, count, out);
}

/// Box and Muller's pairs of normals from any words: sqrt(-2 log u) cos(2 pi v) and sqrt(-2 log u) sin(2 pi v) with
/// u = (a + 1/2) 2^-32, rounded to a float, and v = floor(b / 2^8) 2^-24.
template <class S>
void box_muller(Size count, const std::uint32_t* a, const std::uint32_t* b, S* first, S* second) {
  choose(&baseline::box_muller<S>, &v3::box_muller<S>, &v4::box_muller<S>)(count, a, b, first, second);
}

}  // namespace bvae::kernels
