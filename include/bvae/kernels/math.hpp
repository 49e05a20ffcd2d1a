/// Elementary functions on vectors: own polynomials in a fixed order of operations, so that a result has the same bits
/// for every compiler, flag and vector width with fused multiply-adds. docs/elementary-functions.md lists their errors,
/// all below 2 units in the last place.
///
/// NaN gives NaN, infinities and zeros (with their sign) give what C's functions give, and results underflow gradually.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "bvae/kernels/isa.hpp"
#include "bvae/kernels/math_coefficients.hpp"
#include "bvae/kernels/simd.hpp"

namespace bvae::kernels {

enum class Elementary : unsigned char {
  kExp,                 ///< e^x
  kExpm1,               ///< e^x - 1
  kLog,                 ///< log(x)
  kLog1p,               ///< log(1 + x)
  kTanh,                ///< tanh(x)
  kSigmoid,             ///< 1 / (1 + e^-x)
  kSoftplus,            ///< log(1 + e^x)
  kErf,                 ///< erf(x)
  kErfc,                ///< 1 - erf(x)
  kSin,                 ///< sin(x), x in radians; NaN for |x| > 2^20
  kCos,                 ///< cos(x), x in radians; NaN for |x| > 2^20
  kNormalDistribution,  ///< erfc(-x / sqrt(2)) / 2, the normal distribution function
};

/// What the functions must know of a type.
template <class T>
struct MathTypes;
template <>
struct MathTypes<float> {
  using Unsigned = std::uint32_t;
  static constexpr int kDigits = 23;  // of the fraction
  static constexpr float kTwoToDigits = 0x1p23F;
  static constexpr float kRounder = 0x1.8p23F;  // added and subtracted it rounds to an integer
  static constexpr float kPowerRounder = 0x1.8p23F + 127;
  static constexpr Unsigned kOne = 0x3F800000;
  static constexpr Unsigned kTwoThirds = 0x3F2AAAAB;
  static constexpr Unsigned kExponentMask = 0xFF800000;
  static constexpr Unsigned kPowerBits = 0x4B000000;  // of 2^23
  static constexpr float kPowerOffset = 0x1p23F + 127;
  static constexpr Unsigned kHeadMask = 0xFFFFF000;
  static constexpr float kExpLeast = -104;  // below, exp(x) is 0; above kExpMost it is infinity
  static constexpr float kExpMost = 89;
  static constexpr int kSureDigits = 20;     // exp(-x) does not change 1
  static constexpr float kErfcMost = 10.3F;  // above, erfc(x) is 0
  static constexpr float kNormalMost = 14.5F;
};
template <>
struct MathTypes<double> {
  using Unsigned = std::uint64_t;
  static constexpr int kDigits = 52;
  static constexpr double kTwoToDigits = 0x1p52;
  static constexpr double kRounder = 0x1.8p52;
  static constexpr double kPowerRounder = 0x1.8p52 + 1023;
  static constexpr Unsigned kOne = 0x3FF0000000000000;
  static constexpr Unsigned kTwoThirds = 0x3FE5555555555555;
  static constexpr Unsigned kExponentMask = 0xFFF0000000000000;
  static constexpr Unsigned kPowerBits = 0x4330000000000000;
  static constexpr double kPowerOffset = 0x1p52 + 1023;
  static constexpr Unsigned kHeadMask = 0xFFFFFFFFF8000000;
  static constexpr double kExpLeast = -746;
  static constexpr double kExpMost = 710;
  static constexpr int kSureDigits = 40;
  static constexpr double kErfcMost = 27.4;
  static constexpr double kNormalMost = 38.7;
};

}  // namespace bvae::kernels

#define BVAE_KERNEL_SOURCE "bvae/kernels/math_parts.inc"
#include "bvae/kernels/for_each_isa.inc"
#define BVAE_KERNEL_SOURCE "bvae/kernels/math.inc"
#include "bvae/kernels/for_each_isa.inc"

namespace bvae::kernels {

/// y[i] = f(x[i]). The arrays may be the same one, and must not overlap otherwise.
template <Elementary kFunction, class S>
void apply(Size count, const S* x, S* y) {
  choose(&baseline::apply<kFunction, S>, &v3::apply<kFunction, S>, &v4::apply<kFunction, S>)(count, x, y);
}

/// The same for a function known at run time. Compiles them all.
template <class S>
void apply(Elementary function, Size count, const S* x, S* y) {
  switch (function) {
    case Elementary::kExp:
      return apply<Elementary::kExp>(count, x, y);
    case Elementary::kExpm1:
      return apply<Elementary::kExpm1>(count, x, y);
    case Elementary::kLog:
      return apply<Elementary::kLog>(count, x, y);
    case Elementary::kLog1p:
      return apply<Elementary::kLog1p>(count, x, y);
    case Elementary::kTanh:
      return apply<Elementary::kTanh>(count, x, y);
    case Elementary::kSigmoid:
      return apply<Elementary::kSigmoid>(count, x, y);
    case Elementary::kSoftplus:
      return apply<Elementary::kSoftplus>(count, x, y);
    case Elementary::kErf:
      return apply<Elementary::kErf>(count, x, y);
    case Elementary::kErfc:
      return apply<Elementary::kErfc>(count, x, y);
    case Elementary::kSin:
      return apply<Elementary::kSin>(count, x, y);
    case Elementary::kCos:
      return apply<Elementary::kCos>(count, x, y);
    case Elementary::kNormalDistribution:
      return apply<Elementary::kNormalDistribution>(count, x, y);
  }
}

/// cos and sin of 2 pi turn[i], for 0 <= turn[i] < 1.
template <class S>
void cos_sin_of_turns(Size count, const S* turn, S* cosine, S* sine) {
  choose(&baseline::cos_sin_of_turns<S>, &v3::cos_sin_of_turns<S>, &v4::cos_sin_of_turns<S>)(count, turn, cosine, sine);
}

}  // namespace bvae::kernels
