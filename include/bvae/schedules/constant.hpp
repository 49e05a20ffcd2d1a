#pragma once

#include "bvae/schedules/check.hpp"
#include "bvae/schedules/progress.hpp"

namespace bvae {
namespace schedules {

/// The same value at every step: the beta of the original beta-VAE (Higgins et al. 2017), or a fixed learning rate.
///
/// The simplest schedule, and the one to copy for your own: a copyable type whose call is a pure function of Progress.
/// It keeps no state, so evaluating it moves nothing and resuming needs only the step. `validate()` is optional.
///
/// - `value`: finite, default 1
///
/// Throws std::invalid_argument from validate() and from the call when `value` is not finite. Allocates nothing.
struct Constant {
  double value = 1.0;

  void validate() const { detail::require_finite("Constant", "value", value); }

  [[nodiscard]] double operator()(const Progress& progress) const {
    validate();
    detail::require_progress("Constant", progress);
    return value;
  }
};

}  // namespace schedules

using schedules::Constant;

}  // namespace bvae
