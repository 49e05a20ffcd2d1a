#pragma once

#include "bvae/layers/pointwise.hpp"

namespace bvae {

/// x Phi(x) with the normal distribution function Phi (Hendrycks, Gimpel 2016): PyTorch's default form with erf, not
/// the tanh approximation. Keeps its relative precision in the left tail.
struct GELU {
  template <Shape In>
  struct Bind : detail::ActivationBind<kernels::Activation::kGELU, In> {};
};

}  // namespace bvae
