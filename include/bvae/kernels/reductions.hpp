/// What one needs to know of a whole array.
#pragma once

#include <limits>

#include "bvae/kernels/isa.hpp"
#include "bvae/kernels/simd.hpp"

#define BVAE_KERNEL_SOURCE "bvae/kernels/reductions.inc"
#include "bvae/kernels/for_each_isa.inc"

namespace bvae::kernels {

/// The same sum in double, for floats whose squares are no floats: rare, so it is no kernel. A float's square is exact
/// in double, so it does not matter whether the compiler fuses it with the addition.
[[gnu::cold, gnu::noinline]] inline double sum_of_squares_in_double(Size count, const float* x) noexcept {
  double lanes[16] = {};
  for (Size i = 0; i < count; ++i) lanes[i % 16] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

/// Sum of squares: of 1024 values at a time in S, in four times 16 lanes (see sum_of_chunk), and of these in double, in
/// 16 lanes. Infinite or NaN if any value is; not if only the squares are no floats.
template <class S>
double sum_of_squares(Size count, const S* x) {
  const double sum = choose(&baseline::sum_of_squares<S>, &v3::sum_of_squares<S>, &v4::sum_of_squares<S>)(count, x);
  if constexpr (sizeof(S) == sizeof(float)) {
    constexpr double kTrusted = 1e-28;  // what squares lost below the smallest float is less than a rounding error
    if (!(sum >= kTrusted && sum <= std::numeric_limits<double>::max())) return sum_of_squares_in_double(count, x);
  }
  return sum;
}

/// Whether no value is infinite or NaN.
template <class S>
bool all_finite(Size count, const S* x) {
  return choose(&baseline::all_finite<S>, &v3::all_finite<S>, &v4::all_finite<S>)(count, x);
}

}  // namespace bvae::kernels
