#pragma once

#include <array>
#include <cmath>
#include <span>
#include <string_view>

#include "bvae/core/rounding.hpp"
#include "bvae/optimizers/adam.hpp"
#include "bvae/optimizers/check.hpp"
#include "bvae/optimizers/optimizer_step.hpp"

namespace bvae {

/// Adam with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2, with PyTorch's scaling): before Adam's step
/// each parameter p shrinks by its own share, which the moments do not see.
///
///     p -= learning_rate * weight_decay * p
///
/// - `learning_rate`, `beta1`, `beta2`, `epsilon`: as in Adam
/// - `weight_decay`: not negative, default 1e-2
///
/// Biases decay too, as they do in PyTorch's default parameter group. What it throws and allocates: as Adam.
struct AdamW {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 1e-2;

  static constexpr int kMoments = 2;
  static constexpr std::string_view kName = "adamw";
  static constexpr bool kIgnoresNorm = true;  ///< OptimizerStep::gradient_norm is not read

  [[nodiscard]] double base_learning_rate() const noexcept { return learning_rate; }

  void validate() const {
    detail::validate_adam("AdamW", learning_rate, beta1, beta2, epsilon);
    detail::require_hyper_parameter(weight_decay >= 0 && std::isfinite(weight_decay), "AdamW",
                                    "weight_decay must be finite and not negative", weight_decay);
  }

  template <class Scalar>
  void step(const OptimizerStep& step, std::span<Scalar> parameters, std::span<const Scalar> gradient,
            const std::array<std::span<Scalar>, kMoments>& moments) const {
    const double decay = rounded(step.learning_rate * weight_decay);
    detail::adam_step<Scalar>("AdamW", step, detail::adam_coefficients<Scalar>(step, beta1, beta2, epsilon, decay),
                              parameters, gradient, moments);
  }
};

}  // namespace bvae
