#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "bvae/core/rounding.hpp"
#include "bvae/kernels/adam.hpp"
#include "bvae/optimizers/check.hpp"
#include "bvae/optimizers/optimizer_step.hpp"

namespace bvae {
namespace detail {

inline void validate_adam(std::string_view optimizer, double learning_rate, double beta1, double beta2,
                          double epsilon) {
  require_learning_rate(optimizer, learning_rate);
  require_hyper_parameter(beta1 >= 0 && beta1 < 1, optimizer, "beta1 must lie in [0, 1)", beta1);
  require_hyper_parameter(beta2 >= 0 && beta2 < 1, optimizer, "beta2 must lie in [0, 1)", beta2);
  require_hyper_parameter(epsilon > 0 && std::isfinite(epsilon), optimizer, "epsilon must be finite and positive",
                          epsilon);
}

/// base^exponent for a whole exponent: unlike std::pow, the same bits with every C library.
[[nodiscard]] inline double whole_power(double base, std::int64_t exponent) noexcept {
  double result = 1;
  for (; exponent > 0; exponent /= 2) {
    if (exponent % 2 != 0) result *= base;
    base *= base;
  }
  return rounded(result);
}

/// Worked out in double once per call. Both bias corrections c1, c2 are folded in:
///
///     learning_rate * (m / c1) / (sqrt(v / c2) + epsilon)
///         = (learning_rate * sqrt(c2) / c1) * m / (sqrt(v) + epsilon * sqrt(c2))
template <class Scalar>
kernels::AdamCoefficients<Scalar> adam_coefficients(const OptimizerStep& step, double beta1, double beta2,
                                                    double epsilon, double decay) {
  const double correction1 = 1 - whole_power(beta1, step.t);
  const double root2 = std::sqrt(1 - whole_power(beta2, step.t));
  return {.scale = static_cast<Scalar>(step.gradient_scale),
          .keep1 = static_cast<Scalar>(beta1),
          .take1 = static_cast<Scalar>(1 - beta1),
          .keep2 = static_cast<Scalar>(beta2),
          .take2 = static_cast<Scalar>(1 - beta2),
          .step_size = static_cast<Scalar>(step.learning_rate * root2 / correction1),
          // Positive in Scalar too: a gradient that was always 0 must give 0/epsilon, not 0/0.
          .epsilon = std::max(static_cast<Scalar>(epsilon * root2), std::numeric_limits<Scalar>::min()),
          .keep_parameter = static_cast<Scalar>(1 - decay)};
}

template <class Scalar>
void adam_step(std::string_view optimizer, const OptimizerStep& step,
               const kernels::AdamCoefficients<Scalar>& coefficients, std::span<Scalar> parameters,
               std::span<const Scalar> gradient, const std::array<std::span<Scalar>, 2>& moments) {
  require_step(optimizer, step.t, parameters, gradient, moments);
  kernels::adam(std::ssize(parameters), coefficients, gradient.data(), parameters.data(), moments[0].data(),
                moments[1].data());
}

}  // namespace detail

/// Adam (Kingma & Ba 2015, algorithm 1), as torch.optim.Adam without weight decay. For update t with gradient g:
///
///     m = beta1 * m + (1 - beta1) * g
///     v = beta2 * v + (1 - beta2) * g^2
///     p -= learning_rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
///
/// - `learning_rate`: finite, not negative, default 1e-3; a step uses OptimizerStep::learning_rate
/// - `beta1`, `beta2`: in [0, 1), defaults 0.9 and 0.999
/// - `epsilon`: positive, default 1e-8
///
/// An optimizer is a plain value of hyper-parameters. step() works element by element on any part of the parameters,
/// with the same part of the gradient and of the moments, which start at zero; the result has the same bits however the
/// parameters are split. Throws std::invalid_argument: validate() for a bad hyper-parameter, step() for unequal lengths
/// or t < 1. Allocates nothing. Calls on separate parts may run at the same time.
struct Adam {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;

  static constexpr int kMoments = 2;
  static constexpr std::string_view kName = "adam";
  static constexpr bool kIgnoresNorm = true;  ///< OptimizerStep::gradient_norm is not read

  [[nodiscard]] double base_learning_rate() const noexcept { return learning_rate; }

  void validate() const { detail::validate_adam("Adam", learning_rate, beta1, beta2, epsilon); }

  template <class Scalar>
  void step(const OptimizerStep& step, std::span<Scalar> parameters, std::span<const Scalar> gradient,
            const std::array<std::span<Scalar>, kMoments>& moments) const {
    detail::adam_step<Scalar>("Adam", step, detail::adam_coefficients<Scalar>(step, beta1, beta2, epsilon, 0),
                              parameters, gradient, moments);
  }
};

}  // namespace bvae
