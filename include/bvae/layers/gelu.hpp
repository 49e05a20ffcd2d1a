#pragma once

#include <cmath>
#include <numbers>

#include "bvae/layers/pointwise.hpp"

namespace bvae {

/// x Phi(x) with the normal distribution function Phi (Hendrycks, Gimpel 2016): PyTorch's default form with erf, not
/// the tanh approximation. Phi(x) = erfc(-x / sqrt 2) / 2 keeps its relative precision in the left tail.
struct GELU {
  template <Shape In>
  struct Bind : detail::PointwiseBind<GELU, In> {};

  template <class Scalar>
  static void forward(Index n, const Scalar* __restrict x, Scalar* __restrict y) {
    for (Index i = 0; i < n; ++i) y[i] = x[i] * distribution(x[i]);
  }

  template <class Scalar>
  static void backward(Index n, const Scalar* __restrict x, const Scalar*, const Scalar* __restrict dy,
                       Scalar* __restrict dx) {
    const Scalar density_at_zero = Scalar(std::numbers::inv_sqrtpi / std::numbers::sqrt2);
    detail::ArrayView<Scalar>(dx, n) = (Scalar(-0.5) * detail::ConstArrayView<Scalar>(x, n).square()).exp();
    for (Index i = 0; i < n; ++i) dx[i] = dy[i] * (distribution(x[i]) + x[i] * density_at_zero * dx[i]);
  }

 private:
  template <class Scalar>
  static Scalar distribution(Scalar x) {
    return Scalar(0.5) * std::erfc(-x / std::numbers::sqrt2_v<Scalar>);
  }
};

}  // namespace bvae
