#pragma once

#include "bvae/layers/pointwise.hpp"

namespace bvae {

/// 1 / (1 + e^-x). Do not end a decoder with it: `Bernoulli` takes logits.
struct Sigmoid {
  template <Shape In>
  struct Bind : detail::ActivationBind<kernels::Activation::kSigmoid, In> {};
};

}  // namespace bvae
