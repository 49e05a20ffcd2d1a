#pragma once

#include "bvae/layers/pointwise.hpp"

namespace bvae {

/// max(x, 0). The derivative at 0 is 0, as in PyTorch. NaN stays NaN.
struct ReLU {
  template <Shape In>
  struct Bind : detail::PointwiseBind<ReLU, In> {};

  template <class Scalar>
  static void forward(Index n, const Scalar* __restrict x, Scalar* __restrict y) {
    for (Index i = 0; i < n; ++i) y[i] = x[i] < 0 ? Scalar(0) : x[i];
  }

  template <class Scalar>
  static void backward(Index n, const Scalar*, const Scalar* __restrict y, const Scalar* __restrict dy,
                       Scalar* __restrict dx) {
    for (Index i = 0; i < n; ++i) dx[i] = y[i] > 0 ? dy[i] : Scalar(0);
  }
};

}  // namespace bvae
