/// How layers with a weight and a bias start.
#pragma once

#include <cmath>
#include <span>
#include <type_traits>

#include "bvae/core/arena.hpp"
#include "bvae/core/concepts.hpp"
#include "bvae/core/random.hpp"

namespace bvae::detail {

/// Weight (the first tensor) and bias as `Init` says; void: PyTorch's default, both uniform in +-1/sqrt(fan_in).
template <class Init, class Scalar>
[[gnu::cold]] void initialize_weights(const TensorInfo& weight, const TensorInfo& bias, Index fan_in, Index fan_out,
                                      Tensors<Scalar> p, const RandomStream& random) {
  Arena<Scalar> weights(static_cast<std::size_t>(weight.size()));
  Arena<Scalar> biases(static_cast<std::size_t>(bias.size()));
  if constexpr (std::is_void_v<Init>) {
    const Scalar bound = static_cast<Scalar>(1.0 / std::sqrt(static_cast<double>(fan_in)));
    random.uniform(0, std::span<Scalar>(weights));
    random.uniform(1, std::span<Scalar>(biases));
    for (Scalar& w : weights) w = (Scalar(2) * w - Scalar(1)) * bound;  // 2 w is exact
    for (Scalar& b : biases) b = (Scalar(2) * b - Scalar(1)) * bound;
  } else {
    static_assert(Initializer<Init>, "Linear, Conv2d, ConvTranspose2d: the last argument must model bvae::Initializer");
    Init::fill(std::span<Scalar>(weights), fan_in, fan_out, random, 0u);
  }
  set_values<Scalar>(weight, p[0], weights);
  set_values<Scalar>(bias, p[1], biases);
}

}  // namespace bvae::detail
