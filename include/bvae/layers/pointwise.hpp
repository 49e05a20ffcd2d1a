/// What all activations share: they work on every value alone and have no parameters.
#pragma once

#include <ratio>

#include "bvae/core/concepts.hpp"
#include "bvae/kernels/activations.hpp"

namespace bvae {

/// Binds an activation of your own to a shape. `Function` gives `forward(n, x, y)`: y from x, and
/// `backward(n, x, y, dy, dx)`: dx = dy times the derivative, for n values each. None of the arrays overlap.
///
///     struct Square {
///       template <bvae::Shape In>
///       struct Bind : bvae::PointwiseBind<Square, In> {};
///
///       template <class Scalar>
///       static void forward(bvae::Index n, const Scalar* x, Scalar* y) {
///         for (bvae::Index i = 0; i < n; ++i) y[i] = x[i] * x[i];
///       }
///       template <class Scalar>
///       static void backward(bvae::Index n, const Scalar* x, const Scalar*, const Scalar* dy, Scalar* dx) {
///         for (bvae::Index i = 0; i < n; ++i) dx[i] = 2 * x[i] * dy[i];
///       }
///     };
template <class Function, Shape In>
struct PointwiseBind {
  using Output = In;
  static constexpr bool kAnyGrouping = true;
  static constexpr bool kKeepsOrder = true;

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

namespace detail {

/// Binds an activation of kernels/, which a network can compute together with the layer before it. `Parameter` is a
/// std::ratio.
template <kernels::Activation A, Shape In, class Parameter = std::ratio<0>>
struct ActivationBind {
  using Output = In;
  static constexpr bool kAnyGrouping = true;
  static constexpr bool kKeepsOrder = true;
  static constexpr kernels::Activation kActivation = A;

  template <class Scalar>
  static constexpr Scalar activation_parameter() {
    return static_cast<Scalar>(Parameter::num) / static_cast<Scalar>(Parameter::den);
  }

  template <class Scalar>
  static void forward(Tensors<const Scalar>, ConstView<Scalar> x, View<Scalar> y) {
    kernels::activate<A>(x.size(), x.data(), y.data(), activation_parameter<Scalar>());
  }

  template <class Scalar>
  static void backward(Tensors<const Scalar>, ConstView<Scalar> x, ConstView<Scalar> y, ConstView<Scalar> dy,
                       View<Scalar> dx) {
    kernels::activate_backward<A>(x.size(), x.data(), y.data(), dy.data(), dx.data(), activation_parameter<Scalar>());
  }
};

}  // namespace detail

}  // namespace bvae
