/// All randomness of the library: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2,
/// 3", SC 2011), a pure function of (seed, stream, step, sample, element). No state, so the numbers do not depend on
/// threads, order or resuming.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "bvae/core/types.hpp"
#include "bvae/kernels/random.hpp"

namespace bvae {

/// Fixes random numbers: a model's weights by its own seed, a run's order, noise and binarisation by FitOptions::seed.
/// `Seed{42}`.
struct Seed {
  std::uint64_t value = 0;
};

/// What a random number is for; different streams never share a counter.
enum class Stream : std::uint8_t {
  kInitialization = 0,
  kShuffle = 1,
  kNoise = 2,
  kBinarization = 3,
  kEvaluationNoise = 4,
  kSampling = 5,
  kLayers = 6,  ///< inside layers (Dropout)
  kPrior = 7,   ///< what samples are compared with (Mmd)
  kUser = 128,  ///< this and above are free for users
};

namespace philox {

using Counter = std::array<std::uint32_t, 4>;
using Key = std::array<std::uint32_t, 2>;

/// Four random words for one counter. kernels/random.hpp does it for 16 counters at once.
inline Counter block(Counter counter, Key key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{kernels::kPhiloxMultiplier0} * counter[0];
    const std::uint64_t p1 = std::uint64_t{kernels::kPhiloxMultiplier1} * counter[2];
    counter = {static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(p1),
               static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(p0)};
    key[0] += kernels::kPhiloxWeyl0;
    key[1] += kernels::kPhiloxWeyl1;
  }
  return counter;
}

}  // namespace philox

/// Random numbers for one purpose and one step. `Scalar` values are made from the same 32 random bits for float and
/// double.
///
/// Element e of sample s comes from the block with counter (e / 4, s, step low, stream | step high), so any part of a
/// batch can be made by any thread. Steps up to 2^56, samples up to 2^32, elements up to 2^34.
class RandomStream {
 public:
  RandomStream(Seed seed, Stream stream, std::uint64_t step = 0)
      : key_{static_cast<std::uint32_t>(seed.value), static_cast<std::uint32_t>(seed.value >> 32)},
        low_(static_cast<std::uint32_t>(step)),
        high_((static_cast<std::uint32_t>(stream) << 24) | (static_cast<std::uint32_t>(step >> 32) & 0xFFFFFFu)) {}

  /// Four random words.
  [[nodiscard]] philox::Counter words(std::uint32_t sample, std::uint32_t block) const {
    return philox::block({block, sample, low_, high_}, key_);
  }

  /// Uniform in [0, 1) on a grid of 2^-24, for the elements first, first + 1, ... of a sample; `first` is a multiple
  /// of 4.
  template <class Scalar>
  void uniform(std::uint32_t sample, std::span<Scalar> out, std::size_t first = 0) const {
    draw(kernels::Draw::kUniform, sample, out, first);
  }

  /// Standard normal by Box and Muller (1958): |n| < 6.77. One block of four words gives four normals. `first` as
  /// above.
  template <class Scalar>
  void normal(std::uint32_t sample, std::span<Scalar> out, std::size_t first = 0) const {
    draw(kernels::Draw::kNormal, sample, out, first);
  }

  /// Turns probabilities into 1 or 0, in place: 1 where uniform() would be below them. `first` as above.
  template <class Scalar>
  void bernoulli(std::uint32_t sample, std::span<Scalar> probabilities, std::size_t first = 0) const {
    draw(kernels::Draw::kBernoulli, sample, probabilities, first);
  }

 private:
  template <class Scalar>
  void draw(kernels::Draw kind, std::uint32_t sample, std::span<Scalar> out, std::size_t first) const {
    const kernels::PhiloxStream stream{{key_[0], key_[1]}, sample, low_, high_};
    kernels::draw(kind, stream, static_cast<std::uint32_t>(first / 4), static_cast<kernels::Size>(out.size()),
                  out.data());
  }

  philox::Key key_;
  std::uint32_t low_;
  std::uint32_t high_;
};

}  // namespace bvae
