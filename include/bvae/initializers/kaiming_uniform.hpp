#pragma once

#include <cmath>
#include <cstdint>
#include <span>

#include "bvae/core/concepts.hpp"

namespace bvae {

/// Uniform in +-sqrt(6 / fan_in): keeps the variance through ReLU layers (He et al. 2015, eq. 10; PyTorch's
/// kaiming_uniform_ with nonlinearity "relu").
struct KaimingUniform {
  template <class Scalar>
  static void fill(std::span<Scalar> weights, Index fan_in, Index fan_out, const RandomStream& random,
                   std::uint32_t tensor) {
    (void)fan_out;
    const Scalar bound = static_cast<Scalar>(std::sqrt(6.0 / static_cast<double>(fan_in)));
    random.uniform(tensor, weights);
    for (Scalar& w : weights) w = (Scalar(2) * w - Scalar(1)) * bound;
  }
};

}  // namespace bvae
