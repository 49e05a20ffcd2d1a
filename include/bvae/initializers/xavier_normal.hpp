#pragma once

#include <cmath>
#include <cstdint>
#include <span>

#include "bvae/core/concepts.hpp"

namespace bvae {

/// Normal with variance 2 / (fan_in + fan_out) (Glorot, Bengio 2010, eq. 12).
struct XavierNormal {
  template <class Scalar>
  static void fill(std::span<Scalar> weights, Index fan_in, Index fan_out, const RandomStream& random,
                   std::uint32_t tensor) {
    const Scalar deviation = static_cast<Scalar>(std::sqrt(2.0 / static_cast<double>(fan_in + fan_out)));
    random.normal(tensor, weights);
    for (Scalar& w : weights) w *= deviation;
  }
};

}  // namespace bvae
