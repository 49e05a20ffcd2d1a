#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>

#include "bvae/core/rounding.hpp"
#include "bvae/optimizers/adam.hpp"
#include "bvae/optimizers/check.hpp"
#include "bvae/optimizers/optimizer_step.hpp"

namespace bvae {

/// Makes the whole gradient shorter where its L2 norm exceeds a limit, then lets another optimizer step (Pascanu et al.
/// 2013), as torch.nn.utils.clip_grad_norm_:
///
///     gradient *= min(1, max_norm / (norm + 1e-6))
///
///     ClipByGlobalNorm<Adam>{.max_norm = 1.0, .inner = {.learning_rate = 1e-3}}
///     ClipByGlobalNorm{1.0, AdamW{}}
///
/// - `max_norm`: positive and finite, in the units of the gradient, default 1
/// - `inner`: the optimizer that makes the step, default Adam{}
///
/// The norm is OptimizerStep::gradient_norm times gradient_scale, which must be finite; only the scale changes, so
/// clipping costs no pass over the gradient. Throws and allocates what `inner` does, and std::invalid_argument from
/// validate() for a bad `max_norm`.
template <class Inner = Adam>
struct ClipByGlobalNorm {
  double max_norm = 1.0;
  Inner inner = {};

  static constexpr int kMoments = Inner::kMoments;
  static constexpr std::string_view kName = Inner::kName;  ///< the moments are those of `inner`

  [[nodiscard]] double base_learning_rate() const { return inner.base_learning_rate(); }

  void validate() const {
    detail::require_hyper_parameter(max_norm > 0 && std::isfinite(max_norm), "ClipByGlobalNorm",
                                    "max_norm must be finite and positive", max_norm);
    if constexpr (requires { inner.validate(); }) inner.validate();
  }

  template <class Scalar>
  void step(const OptimizerStep& step, std::span<Scalar> parameters, std::span<const Scalar> gradient,
            const std::array<std::span<Scalar>, static_cast<std::size_t>(kMoments)>& moments) const {
    const double norm = rounded(step.gradient_norm * std::abs(step.gradient_scale));
    OptimizerStep clipped = step;
    clipped.gradient_scale *= std::min(1.0, max_norm / (norm + 1e-6));
    inner.step(clipped, parameters, gradient, moments);
  }
};

// clang 16 does not deduce the arguments of aggregates by itself (and, even so, not through designators).
template <class Inner>
ClipByGlobalNorm(double, Inner) -> ClipByGlobalNorm<Inner>;

}  // namespace bvae
