/// Sums in one fixed order.
#pragma once

#include <cstddef>

#include "bvae/core/types.hpp"

namespace bvae {

/// Sum of squares in double: 16 lanes, then their sum in order. Infinite or NaN if any value is.
template <class Scalar>
[[nodiscard]] double sum_of_squares(const Scalar* values, Index count) {
  constexpr std::size_t kLanes = 16;
  double lanes[kLanes] = {};
  const auto n = static_cast<std::size_t>(count);
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    for (std::size_t k = 0; k < kLanes; ++k) {
      const double v = static_cast<double>(values[i + k]);
      lanes[k] += v * v;
    }
  for (std::size_t k = 0; k < n % kLanes; ++k) {
    const double v = static_cast<double>(values[i + k]);
    lanes[k] += v * v;
  }
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

}  // namespace bvae
