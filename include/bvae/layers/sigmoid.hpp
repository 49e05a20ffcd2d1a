#pragma once

#include "bvae/layers/pointwise.hpp"

namespace bvae {

/// 1 / (1 + e^-x). Do not end a decoder with it: `Bernoulli` takes logits.
struct Sigmoid {
  template <Shape In>
  struct Bind : detail::PointwiseBind<Sigmoid, In> {};

  template <class Scalar>
  static void forward(Index n, const Scalar* __restrict x, Scalar* __restrict y) {
    detail::ArrayView<Scalar>(y, n) = (Scalar(1) + (-detail::ConstArrayView<Scalar>(x, n)).exp()).inverse();
  }

  template <class Scalar>
  static void backward(Index n, const Scalar*, const Scalar* __restrict y, const Scalar* __restrict dy,
                       Scalar* __restrict dx) {
    for (Index i = 0; i < n; ++i) dx[i] = dy[i] * y[i] * (Scalar(1) - y[i]);
  }
};

}  // namespace bvae
