/// Sums in one fixed order.
#pragma once

#include "bvae/core/types.hpp"

namespace bvae {

/// Sum of squares in double: 16 lanes, then their sum in order. Infinite or NaN if any value is.
template <class Scalar>
[[nodiscard]] double sum_of_squares(const Scalar* values, Index count) {
  constexpr Index kLanes = 16;
  double lanes[kLanes] = {};
  Index i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (Index k = 0; k < kLanes; ++k) {
      const double v = static_cast<double>(values[i + k]);
      lanes[k] += v * v;
    }
  for (Index k = 0; i < count; ++i, ++k) lanes[k] += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

}  // namespace bvae
