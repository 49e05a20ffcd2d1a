#pragma once

#include <array>
#include <cmath>
#include <span>
#include <string_view>

#include "bvae/optimizers/adam.hpp"
#include "bvae/optimizers/elementwise.hpp"
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

  [[nodiscard]] double base_learning_rate() const noexcept { return learning_rate; }

  void validate() const {
    detail::validate_adam("AdamW", learning_rate, beta1, beta2, epsilon);
    detail::require_hyper_parameter(weight_decay >= 0 && std::isfinite(weight_decay), "AdamW",
                                    "weight_decay must be finite and not negative", weight_decay);
  }

  template <class Scalar>
  void step(const OptimizerStep& step, std::span<Scalar> parameters, std::span<const Scalar> gradient,
            const std::array<std::span<Scalar>, kMoments>& moments) const {
    const auto coefficients =
        detail::AdamCoefficients<Scalar>::make(step, beta1, beta2, epsilon, step.learning_rate * weight_decay);
    detail::for_each_lanes("AdamW", step.t, parameters, gradient, moments, [&](auto& p, auto g, auto& m, auto& v) {
      detail::adam_lanes<true, Scalar>(coefficients, p, g, m, v);
    });
  }
};

}  // namespace bvae
