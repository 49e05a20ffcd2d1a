/// All randomness of the library: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2,
/// 3", SC 2011), a pure function of (seed, stream, step, sample, element). No state, so the numbers do not depend on
/// threads, order or resuming.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <span>

#include "bvae/core/types.hpp"

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
  kUser = 128,  ///< this and above are free for users
};

namespace philox {

using Counter = std::array<std::uint32_t, 4>;
using Key = std::array<std::uint32_t, 2>;

/// Blocks that are computed together. One loop over the lanes a round: compilers turn it into vector code.
inline constexpr int kLanes = 16;

/// Ten rounds over `Lanes` counters at once; lane i of word w is words[w][i].
template <int Lanes>
inline void rounds(std::uint32_t (&words)[4][Lanes], Key key) {
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < Lanes; ++i) {
      const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * words[0][i];
      const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * words[2][i];
      const std::uint32_t w1 = words[1][i];
      const std::uint32_t w3 = words[3][i];
      words[0][i] = static_cast<std::uint32_t>(p1 >> 32) ^ w1 ^ key[0];
      words[1][i] = static_cast<std::uint32_t>(p1);
      words[2][i] = static_cast<std::uint32_t>(p0 >> 32) ^ w3 ^ key[1];
      words[3][i] = static_cast<std::uint32_t>(p0);
    }
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
}

/// Four random words for one counter.
inline Counter block(const Counter& counter, const Key& key) {
  std::uint32_t words[4][1] = {{counter[0]}, {counter[1]}, {counter[2]}, {counter[3]}};
  rounds<1>(words, key);
  return {words[0][0], words[1][0], words[2][0], words[3][0]};
}

}  // namespace philox

namespace detail {

// Vectors of the compiler (g++ and clang): the same source is the scalar and the SIMD version, operation by operation.
// A cast from one vector type to another of the same size keeps the bits.
template <int Lanes>
struct Simd;
template <>
struct Simd<1> {
  using Float __attribute__((vector_size(4))) = float;
  using Int __attribute__((vector_size(4))) = std::int32_t;
};
template <>
struct Simd<16> {
  using Float __attribute__((vector_size(64))) = float;
  using Int __attribute__((vector_size(64))) = std::int32_t;
};

/// log(u) for u in (0, 1]: u = m 2^e with m in [sqrt(1/2), sqrt(2)), and log m = 2 atanh((m - 1) / (m + 1)) as an odd
/// series.
template <int Lanes>
inline void log_of_unit(const typename Simd<Lanes>::Float& u, typename Simd<Lanes>::Float& out) {
  using F = typename Simd<Lanes>::Float;
  using I = typename Simd<Lanes>::Int;
  const I bits = (I)(u);
  const I shifted = bits - 0x3f3504f3;  // exponent counted from sqrt(1/2)
  const I exponent = shifted >> 23;
  const I mantissa_bits = bits - (exponent << 23);
  const F m = (F)(mantissa_bits);
  const F e = __builtin_convertvector(exponent, F);
  const F s = (m - 1.0f) / (m + 1.0f);
  const F s2 = s * s;
  const F series = ((0.23529413f * s2 + 0.28554803f) * s2 + 0.40000583f) * s2 + 0.66666662f;
  out = e * 0.693147182f + (s * s2 * series + 2.0f * s);
}

/// cos and sin of 2 pi u for u in [0, 1): the quarter is split off exactly, the rest is a Taylor polynomial on [-pi/4,
/// pi/4].
template <int Lanes>
inline void cos_sin_of_turn(const typename Simd<Lanes>::Float& u, typename Simd<Lanes>::Float& cosine,
                            typename Simd<Lanes>::Float& sine) {
  using F = typename Simd<Lanes>::Float;
  using I = typename Simd<Lanes>::Int;
  const I quarter = __builtin_convertvector(u * 4.0f + 0.5f, I);                // 0..4
  const F x = (u - __builtin_convertvector(quarter, F) * 0.25f) * 6.28318531f;  // the difference is exact
  const F x2 = x * x;
  const F c = (((2.48015873e-5f * x2 - 1.38888889e-3f) * x2 + 4.16666667e-2f) * x2 - 0.5f) * x2 + 1.0f;
  const F s = ((((2.75573192e-6f * x2 - 1.98412698e-4f) * x2 + 8.33333333e-3f) * x2 - 1.66666667e-1f) * x2) * x + x;
  const I odd = -(quarter & 1);
  const I cosine_sign = ((quarter + 1) & 2) << 30;
  const I sine_sign = (quarter & 2) << 30;
  const I cb = (I)(c);
  const I sb = (I)(s);
  const I cosine_bits = ((odd & sb) | (~odd & cb)) ^ cosine_sign;
  const I sine_bits = ((odd & cb) | (~odd & sb)) ^ sine_sign;
  cosine = (F)(cosine_bits);
  sine = (F)(sine_bits);
}

}  // namespace detail

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
    fill(sample, out, first, [](const std::uint32_t(&w)[4][philox::kLanes], Scalar* chunk) {
      for (int i = 0; i < philox::kLanes; ++i)
        for (int k = 0; k < 4; ++k) chunk[4 * i + k] = static_cast<Scalar>(w[k][i] >> 8) * Scalar(0x1p-24);
    });
  }

  /// Standard normal by Box and Muller (1958): |n| < 6.77. One block of four words gives four normals. `first` as
  /// above.
  template <class Scalar>
  void normal(std::uint32_t sample, std::span<Scalar> out, std::size_t first = 0) const {
    fill(sample, out, first, [](const std::uint32_t(&w)[4][philox::kLanes], Scalar* chunk) {
      float n[4][philox::kLanes];
      box_muller<philox::kLanes>(w[0], w[1], n[0], n[1]);
      box_muller<philox::kLanes>(w[2], w[3], n[2], n[3]);
      for (int i = 0; i < philox::kLanes; ++i)
        for (int k = 0; k < 4; ++k) chunk[4 * i + k] = static_cast<Scalar>(n[k][i]);
    });
  }

  /// Two random words to two normals, for `Lanes` pairs. `Lanes` = 1 is the scalar version and gives the same bits.
  template <int Lanes>
  static void box_muller(const std::uint32_t (&a)[Lanes], const std::uint32_t (&b)[Lanes], float (&first)[Lanes],
                         float (&second)[Lanes]) {
    using F = typename detail::Simd<Lanes>::Float;
    F u;
    F v;
    for (int i = 0; i < Lanes; ++i) {
      u[i] = (static_cast<float>(a[i]) + 0.5f) * 0x1p-32f;  // (0, 1]: the largest words round up to 1
      v[i] = static_cast<float>(b[i] >> 8) * 0x1p-24f;      // [0, 1)
    }
    F logarithm;
    F cosine;
    F sine;
    detail::log_of_unit<Lanes>(u, logarithm);
    detail::cos_sin_of_turn<Lanes>(v, cosine, sine);
    for (int i = 0; i < Lanes; ++i) {
      const float radius = std::sqrt(-2.0f * logarithm[i]);
      first[i] = radius * cosine[i];
      second[i] = radius * sine[i];
    }
  }

 private:
  /// Calls `convert` for each 16 blocks = 64 elements; the last, shorter part goes through a buffer.
  template <class Scalar, class Convert>
  void fill(std::uint32_t sample, std::span<Scalar> out, std::size_t first, Convert convert) const {
    constexpr std::size_t kChunk = 4 * philox::kLanes;
    std::uint32_t block = static_cast<std::uint32_t>(first / 4);
    for (std::size_t begin = 0; begin < out.size(); begin += kChunk) {
      std::uint32_t w[4][philox::kLanes];
      for (int i = 0; i < philox::kLanes; ++i) {
        w[0][i] = block++;
        w[1][i] = sample;
        w[2][i] = low_;
        w[3][i] = high_;
      }
      philox::rounds<philox::kLanes>(w, key_);
      const std::size_t rest = out.size() - begin;
      if (rest >= kChunk) {
        convert(w, out.data() + begin);
      } else {
        Scalar chunk[kChunk];
        convert(w, chunk);
        for (std::size_t i = 0; i < rest; ++i) out[begin + i] = chunk[i];
      }
    }
  }

  philox::Key key_;
  std::uint32_t low_;
  std::uint32_t high_;
};

}  // namespace bvae
