/// What one needs to know of a whole array.
#pragma once

#include <limits>

#include "bvae/kernels/isa.hpp"
#include "bvae/kernels/simd.hpp"

#define BVAE_KERNEL_SOURCE "bvae/kernels/reductions.inc"
#include "bvae/kernels/for_each_isa.inc"

namespace bvae::kernels {

/// Sum of squares: 1024 values at a time in S, these sums in double. Infinite or NaN if any value is; not if only the
/// squares are no floats.
template <class S>
double sum_of_squares(Size count, const S* x) {
  const double sum = choose(&baseline::sum_of_squares<S>, &v3::sum_of_squares<S>, &v4::sum_of_squares<S>)(count, x);
  if constexpr (sizeof(S) == sizeof(float)) {
    constexpr double kTrusted = 1e-28;  // what squares lost below the smallest float is less than a rounding error
    if (!(sum >= kTrusted && sum <= std::numeric_limits<double>::max()))
      return choose(&baseline::sum_of_squares_in_double, &v3::sum_of_squares_in_double, &v4::sum_of_squares_in_double)(
          count, x);
  }
  return sum;
}

/// Whether no value is infinite or NaN.
template <class S>
bool all_finite(Size count, const S* x) {
  return choose(&baseline::all_finite<S>, &v3::all_finite<S>, &v4::all_finite<S>)(count, x);
}

}  // namespace bvae::kernels
