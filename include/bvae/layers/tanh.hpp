#pragma once

#include "bvae/layers/pointwise.hpp"

namespace bvae {

/// Hyperbolic tangent.
struct Tanh {
  template <Shape In>
  struct Bind : detail::ActivationBind<kernels::Activation::kTanh, In> {};
};

}  // namespace bvae
