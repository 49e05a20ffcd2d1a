#pragma once

#include "bvae/layers/pointwise.hpp"

namespace bvae {

/// Hyperbolic tangent.
struct Tanh {
  template <Shape In>
  struct Bind : detail::PointwiseBind<Tanh, In> {};

  template <class Scalar>
  static void forward(Index n, const Scalar* __restrict x, Scalar* __restrict y) {
    detail::ArrayView<Scalar>(y, n) = detail::ConstArrayView<Scalar>(x, n).tanh();
  }

  template <class Scalar>
  static void backward(Index n, const Scalar*, const Scalar* __restrict y, const Scalar* __restrict dy,
                       Scalar* __restrict dx) {
    for (Index i = 0; i < n; ++i) dx[i] = dy[i] * (Scalar(1) - y[i] * y[i]);
  }
};

}  // namespace bvae
