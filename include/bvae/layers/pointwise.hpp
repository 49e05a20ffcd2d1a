/// What all activations share: they work on every value alone and have no parameters. `ReLU` is the one to copy.
#pragma once

#include "bvae/core/concepts.hpp"

namespace bvae::detail {

/// `Function` gives `forward(n, x, y)`: y from x, and `backward(n, x, y, dy, dx)`: dx = dy times the derivative, for n
/// values each. None of the arrays overlap.
template <class Function, Shape In>
struct PointwiseBind {
  using Output = In;

  template <class Scalar>
  static void forward(Tensors<const Scalar>, ConstView<Scalar> x, View<Scalar> y) {
    Function::forward(x.size(), x.data(), y.data());
  }

  template <class Scalar>
  static void backward(Tensors<const Scalar>, ConstView<Scalar> x, ConstView<Scalar> y, ConstView<Scalar> dy,
                       View<Scalar> dx) {
    Function::backward(x.size(), x.data(), y.data(), dy.data(), dx.data());
  }
};

template <class Scalar>
using ArrayView = Eigen::Map<Eigen::Array<Scalar, Eigen::Dynamic, 1>>;
template <class Scalar>
using ConstArrayView = Eigen::Map<const Eigen::Array<Scalar, Eigen::Dynamic, 1>>;

}  // namespace bvae::detail
