#pragma once

#include <ratio>

#include "bvae/layers/pointwise.hpp"

namespace bvae {

/// x for x > 0, otherwise `Slope` times x (Maas, Hannun, Ng 2013). `Slope` is a std::ratio, 1/100 as in PyTorch.
template <class Slope = std::ratio<1, 100>>
struct BasicLeakyReLU {
  static_assert(Slope::num >= 0, "LeakyReLU: the slope must not be negative");

  template <class Scalar>
  static constexpr Scalar slope() {
    return static_cast<Scalar>(Slope::num) / static_cast<Scalar>(Slope::den);
  }

  template <Shape In>
  struct Bind : detail::PointwiseBind<BasicLeakyReLU, In> {};

  template <class Scalar>
  static void forward(Index n, const Scalar* __restrict x, Scalar* __restrict y) {
    for (Index i = 0; i < n; ++i) y[i] = x[i] > 0 ? x[i] : slope<Scalar>() * x[i];
  }

  template <class Scalar>
  static void backward(Index n, const Scalar* __restrict x, const Scalar*, const Scalar* __restrict dy,
                       Scalar* __restrict dx) {
    for (Index i = 0; i < n; ++i) dx[i] = x[i] > 0 ? dy[i] : slope<Scalar>() * dy[i];
  }
};

using LeakyReLU = BasicLeakyReLU<>;

}  // namespace bvae
