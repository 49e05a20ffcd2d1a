#pragma once

#include "bvae/layers/pointwise.hpp"

namespace bvae {

/// x sigmoid(x) (Elfwing, Uchibe, Doya 2017), also called swish.
struct SiLU {
  template <Shape In>
  struct Bind : detail::ActivationBind<kernels::Activation::kSiLU, In> {};
};

}  // namespace bvae
