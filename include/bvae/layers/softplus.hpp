#pragma once

#include "bvae/layers/pointwise.hpp"

namespace bvae {

/// log(1 + e^x), computed as max(x, 0) + log1p(e^-|x|). PyTorch's default (beta = 1) turns linear above 20, where the
/// two differ by less than 2.1e-9.
struct Softplus {
  template <Shape In>
  struct Bind : detail::ActivationBind<kernels::Activation::kSoftplus, In> {};
};

}  // namespace bvae
