#pragma once

#include "bvae/layers/pointwise.hpp"

namespace bvae {

/// max(x, 0). The derivative at 0 is 0, as in PyTorch. NaN stays NaN.
/// For an activation of your own see PointwiseBind.
struct ReLU {
  template <Shape In>
  struct Bind : detail::ActivationBind<kernels::Activation::kReLU, In> {};
};

}  // namespace bvae
