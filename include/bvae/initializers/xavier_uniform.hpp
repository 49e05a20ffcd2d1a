#pragma once

#include <cmath>
#include <cstdint>
#include <span>

#include "bvae/core/concepts.hpp"

namespace bvae {

/// Uniform in +-sqrt(6 / (fan_in + fan_out)) (Glorot, Bengio 2010, eq. 16): for tanh and sigmoid layers.
struct XavierUniform {
  template <class Scalar>
  static void fill(std::span<Scalar> weights, Index fan_in, Index fan_out, const RandomStream& random,
                   std::uint32_t tensor) {
    const Scalar bound = static_cast<Scalar>(std::sqrt(6.0 / static_cast<double>(fan_in + fan_out)));
    random.uniform(tensor, weights);
    for (Scalar& w : weights) w = (Scalar(2) * w - Scalar(1)) * bound;
  }
};

}  // namespace bvae
