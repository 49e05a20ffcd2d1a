#pragma once

#include <ratio>

#include "bvae/layers/pointwise.hpp"

namespace bvae {

/// x for x > 0, otherwise Alpha (e^x - 1) (Clevert, Unterthiner, Hochreiter 2016). `Alpha` is a std::ratio, 1 as in
/// PyTorch.
template <class Alpha = std::ratio<1>>
struct BasicELU {
  static_assert(Alpha::num >= 0, "ELU: alpha must not be negative");

  template <Shape In>
  struct Bind : detail::ActivationBind<kernels::Activation::kELU, In, Alpha> {};
};

using ELU = BasicELU<>;

}  // namespace bvae
