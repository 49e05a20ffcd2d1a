#pragma once

#include <ratio>

#include "bvae/layers/pointwise.hpp"

namespace bvae {

/// x for x > 0, otherwise Alpha (e^x - 1) (Clevert, Unterthiner, Hochreiter 2016). `Alpha` is a std::ratio, 1 as in
/// PyTorch.
template <class Alpha = std::ratio<1>>
struct BasicELU {
  template <class Scalar>
  static constexpr Scalar alpha() {
    return static_cast<Scalar>(Alpha::num) / static_cast<Scalar>(Alpha::den);
  }

  template <Shape In>
  struct Bind : detail::PointwiseBind<BasicELU, In> {};

  template <class Scalar>
  static void forward(Index n, const Scalar* __restrict x, Scalar* __restrict y) {
    detail::ArrayView<Scalar> out(y, n);
    out = detail::ConstArrayView<Scalar>(x, n).min(Scalar(0)).expm1();
    for (Index i = 0; i < n; ++i) y[i] = x[i] <= 0 ? alpha<Scalar>() * y[i] : x[i];
  }

  template <class Scalar>
  static void backward(Index n, const Scalar* __restrict x, const Scalar* __restrict y, const Scalar* __restrict dy,
                       Scalar* __restrict dx) {
    for (Index i = 0; i < n; ++i) dx[i] = x[i] > 0 ? dy[i] : dy[i] * (y[i] + alpha<Scalar>());
  }
};

using ELU = BasicELU<>;

}  // namespace bvae
