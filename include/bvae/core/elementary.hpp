/// Elementary functions that compilers turn into vector code and that Eigen has no vector version of.
#pragma once

#include "bvae/core/types.hpp"

namespace bvae::detail {

/// log(1 + e) for e in [0, 1], as 2 atanh(s) with s = e / (2 + e) <= 1/3 and its series in s^2 <= 1/9. The terms left
/// out are below half a unit in the last place. NaN stays NaN.
template <class Scalar>
inline Scalar log1p_of_unit(Scalar e) {
  constexpr int kTerms = sizeof(Scalar) == 4 ? 8 : 17;
  const Scalar s = e / (Scalar(2) + e);
  const Scalar square = s * s;
  Scalar sum = 0;
#pragma GCC unroll 20
  for (int k = kTerms - 1; k > 0; --k) sum = (sum + Scalar(1) / static_cast<Scalar>(2 * k + 1)) * square;
  return Scalar(2) * (s + s * sum);
}

}  // namespace bvae::detail
