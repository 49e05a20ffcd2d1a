#pragma once

#include <ratio>

#include "bvae/layers/pointwise.hpp"

namespace bvae {

/// x for x > 0, otherwise `Slope` times x (Maas, Hannun, Ng 2013). `Slope` is a std::ratio, 1/100 as in PyTorch.
template <class Slope = std::ratio<1, 100>>
struct BasicLeakyReLU {
  static_assert(Slope::num > 0, "LeakyReLU: the slope must be positive; with a slope of 0 it is ReLU");

  template <Shape In>
  struct Bind : detail::ActivationBind<kernels::Activation::kLeakyReLU, In, Slope> {};
};

using LeakyReLU = BasicLeakyReLU<>;

}  // namespace bvae
