/// What one needs to know of a whole array; sums in one fixed order.
#pragma once

#include "bvae/core/types.hpp"
#include "bvae/kernels/reductions.hpp"

namespace bvae {

/// Sum of squares: floats 1024 at a time, these sums in double. Infinite or NaN if any value is, not if only a float's
/// square is no float.
template <class Scalar>
[[nodiscard]] double sum_of_squares(const Scalar* values, Index count) {
  return kernels::sum_of_squares(count, values);
}

/// Whether no value is infinite or NaN.
template <class Scalar>
[[nodiscard]] bool all_finite(const Scalar* values, Index count) {
  return kernels::all_finite(count, values);
}

}  // namespace bvae
