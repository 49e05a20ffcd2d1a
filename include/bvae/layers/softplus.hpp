#pragma once

#include <algorithm>

#include "bvae/core/elementary.hpp"
#include "bvae/layers/pointwise.hpp"

namespace bvae {

/// log(1 + e^x), computed as max(x, 0) + log1p(e^-|x|). PyTorch's default (beta = 1) turns linear above 20, where the
/// two differ by less than 2.1e-9.
struct Softplus {
  template <Shape In>
  struct Bind : detail::PointwiseBind<Softplus, In> {};

  template <class Scalar>
  static void forward(Index n, const Scalar* __restrict x, Scalar* __restrict y) {
    const detail::ConstArrayView<Scalar> in(x, n);
    detail::ArrayView<Scalar>(y, n) = (-in.abs()).exp();
    for (Index i = 0; i < n; ++i) y[i] = std::max(x[i], Scalar(0)) + detail::log1p_of_unit(y[i]);
  }

  template <class Scalar>
  static void backward(Index n, const Scalar* __restrict x, const Scalar*, const Scalar* __restrict dy,
                       Scalar* __restrict dx) {
    detail::ArrayView<Scalar>(dx, n) =
        detail::ConstArrayView<Scalar>(dy, n) / (Scalar(1) + (-detail::ConstArrayView<Scalar>(x, n)).exp());
  }
};

}  // namespace bvae
