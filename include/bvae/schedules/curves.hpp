/// The curved ways from 0 to 1. They take the library's own elementary functions, so that beta, and with it training,
/// has the same bits for every compiler.
#pragma once

#include "bvae/kernels/math.hpp"

namespace bvae::schedules {

/// How a ramp rises: the fraction of the way to `to` that it has gone after the fraction v of its length.
enum class RampShape : unsigned char {
  kLinear,   ///< v
  kCosine,   ///< (1 - cos(pi v)) / 2: slow at both ends
  kSigmoid,  ///< 1 / (1 + e^(6 - 12 v)), but 0 for v = 0 and 1 for v = 1, which are jumps of 0.0025
};

namespace detail {

template <kernels::Elementary kFunction>
[[nodiscard]] double elementary(double x) {
  double y = 0;
  kernels::apply<kFunction, double>(1, &x, &y);
  return y;
}

/// (1 - cos(pi v)) / 2 for v in [0, 1], written as a square because the difference would lose the digits of small
/// values.
[[nodiscard]] inline double half_cosine(double v) {
  constexpr double kHalfPi = 0x1.921fb54442d18p0;
  const double sine = elementary<kernels::Elementary::kSin>(kHalfPi * v);
  return sine * sine;
}

/// 1 / (1 + e^-x)
[[nodiscard]] inline double logistic(double x) { return elementary<kernels::Elementary::kSigmoid>(x); }

/// 0 and 1 exactly for v <= 0 and v >= 1.
[[nodiscard]] inline double shaped(RampShape shape, double v) {
  if (shape == RampShape::kLinear || v <= 0 || v >= 1) return v;
  return shape == RampShape::kCosine ? half_cosine(v) : logistic(12 * (v - 0.5));
}

}  // namespace detail
}  // namespace bvae::schedules

namespace bvae {
using schedules::RampShape;
}
