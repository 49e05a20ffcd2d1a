#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "bvae/core/concepts.hpp"

namespace bvae {

/// All zero. For last layers only: a hidden layer that starts at zero never learns. The one to copy.
struct Zeros {
  template <class Scalar>
  static void fill(std::span<Scalar> weights, Index, Index, const RandomStream&, std::uint32_t) {
    std::fill(weights.begin(), weights.end(), Scalar(0));
  }
};

}  // namespace bvae
