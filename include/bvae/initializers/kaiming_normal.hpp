#pragma once

#include <cmath>
#include <cstdint>
#include <span>

#include "bvae/core/concepts.hpp"

namespace bvae {

/// Normal with variance 2 / fan_in (He et al. 2015, eq. 10).
struct KaimingNormal {
  template <class Scalar>
  static void fill(std::span<Scalar> weights, Index fan_in, Index fan_out, const RandomStream& random,
                   std::uint32_t tensor) {
    (void)fan_out;
    const Scalar deviation = static_cast<Scalar>(std::sqrt(2.0 / static_cast<double>(fan_in)));
    random.normal(tensor, weights);
    for (Scalar& w : weights) w *= deviation;
  }
};

}  // namespace bvae
