#pragma once

#include <array>
#include <cmath>
#include <span>
#include <stdexcept>
#include <string_view>

#include "bvae/kernels/sgd.hpp"
#include "bvae/optimizers/check.hpp"
#include "bvae/optimizers/optimizer_step.hpp"

namespace bvae {

/// Stochastic gradient descent with momentum, as torch.optim.SGD. The optimizer to copy for your own. For update t:
///
///     g = gradient + weight_decay * p
///     b = g                                         if t = 1
///         momentum * b + (1 - dampening) * g        later
///     p -= learning_rate * (g + momentum * b)       if nesterov
///          learning_rate * b                        if not; without momentum g takes the place of b
///
/// - `learning_rate`: finite, not negative, default 1e-2; a step uses OptimizerStep::learning_rate
/// - `momentum`: not negative, default 0. At 0 the moment is neither read nor written.
/// - `dampening`: finite, default 0
/// - `weight_decay`: not negative, default 0
/// - `nesterov`: needs momentum above 0 and no dampening; default false
///
/// Throws std::invalid_argument: validate() for a bad hyper-parameter, step() for unequal lengths or t < 1. Allocates
/// nothing. Calls on separate parts of the parameters may run at the same time.
struct Sgd {
  double learning_rate = 1e-2;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;
  bool nesterov = false;

  static constexpr int kMoments = 1;
  static constexpr std::string_view kName = "sgd";
  static constexpr bool kIgnoresNorm = true;  ///< OptimizerStep::gradient_norm is not read

  [[nodiscard]] double base_learning_rate() const noexcept { return learning_rate; }

  void validate() const {
    detail::require_learning_rate("Sgd", learning_rate);
    detail::require_hyper_parameter(momentum >= 0 && std::isfinite(momentum), "Sgd",
                                    "momentum must be finite and not negative", momentum);
    detail::require_hyper_parameter(std::isfinite(dampening), "Sgd", "dampening must be finite", dampening);
    detail::require_hyper_parameter(weight_decay >= 0 && std::isfinite(weight_decay), "Sgd",
                                    "weight_decay must be finite and not negative", weight_decay);
    if (nesterov && (momentum <= 0 || dampening != 0)) {
      throw std::invalid_argument("Sgd: nesterov needs momentum above 0 and dampening 0");
    }
  }

  template <class Scalar>
  void step(const OptimizerStep& step, std::span<Scalar> parameters, std::span<const Scalar> gradient,
            const std::array<std::span<Scalar>, kMoments>& moments) const {
    detail::require_step("Sgd", step.t, parameters, gradient, moments);
    const kernels::SgdCoefficients<Scalar> coefficients{.scale = static_cast<Scalar>(step.gradient_scale),
                                                        .decay = static_cast<Scalar>(weight_decay),
                                                        .keep = static_cast<Scalar>(momentum),
                                                        .take = static_cast<Scalar>(1 - dampening),
                                                        .step_size = static_cast<Scalar>(step.learning_rate),
                                                        .has_momentum = momentum != 0,
                                                        .first = step.t == 1,
                                                        .looks_ahead = nesterov};
    kernels::sgd(std::ssize(parameters), coefficients, gradient.data(), parameters.data(), moments[0].data());
  }
};

}  // namespace bvae
