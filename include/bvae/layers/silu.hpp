#pragma once

#include "bvae/layers/pointwise.hpp"

namespace bvae {

/// x sigmoid(x) (Elfwing, Uchibe, Doya 2017), also called swish.
struct SiLU {
  template <Shape In>
  struct Bind : detail::PointwiseBind<SiLU, In> {};

  template <class Scalar>
  static void forward(Index n, const Scalar* __restrict x, Scalar* __restrict y) {
    const detail::ConstArrayView<Scalar> in(x, n);
    detail::ArrayView<Scalar>(y, n) = in / (Scalar(1) + (-in).exp());
  }

  template <class Scalar>
  static void backward(Index n, const Scalar* __restrict x, const Scalar* __restrict y, const Scalar* __restrict dy,
                       Scalar* __restrict dx) {
    detail::ArrayView<Scalar>(dx, n) = (Scalar(1) + (-detail::ConstArrayView<Scalar>(x, n)).exp()).inverse();
    for (Index i = 0; i < n; ++i) dx[i] = dy[i] * (dx[i] + y[i] * (Scalar(1) - dx[i]));
  }
};

}  // namespace bvae
