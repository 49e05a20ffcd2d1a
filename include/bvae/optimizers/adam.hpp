#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <string_view>

#include "bvae/optimizers/elementwise.hpp"
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

/// All of Adam that is the same for every element, worked out in double once per call. Both bias corrections c1, c2 are
/// folded in, so that an element costs one square root and one division:
///
///     learning_rate * (m / c1) / (sqrt(v / c2) + epsilon)
///         = (learning_rate * sqrt(c2) / c1) * m / (sqrt(v) + epsilon * sqrt(c2))
template <class Scalar>
struct AdamCoefficients {
  Scalar scale, keep1, take1, keep2, take2, step_size, epsilon, keep_parameter;

  static AdamCoefficients make(const OptimizerStep& step, double beta1, double beta2, double epsilon, double decay) {
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
};

/// One update of a register full of elements.
template <bool Decay, class Scalar>
[[gnu::always_inline]] inline void adam_lanes(const AdamCoefficients<Scalar>& c, Lanes<Scalar>& p, Lanes<Scalar> g,
                                              Lanes<Scalar>& m, Lanes<Scalar>& v) {
  g *= c.scale;
  m = rounded_lanes<Scalar>(c.keep1 * m) + rounded_lanes<Scalar>(c.take1 * g);
  v = rounded_lanes<Scalar>(c.keep2 * v) + rounded_lanes<Scalar>(c.take2 * g * g);
  if constexpr (Decay) p = rounded_lanes<Scalar>(c.keep_parameter * p);
  p -= c.step_size * m / (square_root(v) + c.epsilon);
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

  [[nodiscard]] double base_learning_rate() const noexcept { return learning_rate; }

  void validate() const { detail::validate_adam("Adam", learning_rate, beta1, beta2, epsilon); }

  template <class Scalar>
  void step(const OptimizerStep& step, std::span<Scalar> parameters, std::span<const Scalar> gradient,
            const std::array<std::span<Scalar>, kMoments>& moments) const {
    const auto coefficients = detail::AdamCoefficients<Scalar>::make(step, beta1, beta2, epsilon, 0);
    detail::for_each_lanes("Adam", step.t, parameters, gradient, moments, [&](auto& p, auto g, auto& m, auto& v) {
      detail::adam_lanes<false, Scalar>(coefficients, p, g, m, v);
    });
  }
};

}  // namespace bvae
