#pragma once

#include <cmath>

#include "bvae/schedules/check.hpp"
#include "bvae/schedules/curves.hpp"
#include "bvae/schedules/progress.hpp"

namespace bvae {
namespace schedules {

/// The logistic curve from one value to another, then constant (Bowman et al. 2016, section 3.1, figure 2): most of the
/// change lies in the middle. Called bvae::SigmoidSchedule outside this namespace, because bvae::Sigmoid is the layer.
///
///     from + (to - from) / (1 + e^(-steepness (v - 1/2))),   v = passed / over;   `to` for v > 1
///
/// The bare curve only comes close to its ends: with steepness 12 it goes from 0.0025 to 0.9975 of the way, and what is
/// left is a jump behind v = 1. Cosine has a similar shape and meets both ends.
///
/// - `from`, `to`: finite; defaults 0 and 1; it may rise or fall
/// - `over`: length, at least 0, default Epochs{10}. Length 0: `to` from step 0 on.
/// - `steepness`: finite and above 0, default 12. The jump is 1 / (1 + e^(steepness / 2)) of the way.
/// - `per_epoch`: keep the value of the epoch's first step during the whole epoch; default false
///
/// Throws std::invalid_argument from validate() and from the call on a bad argument. Allocates nothing.
struct Sigmoid {
  double from = 0.0;
  double to = 1.0;
  Duration over = Epochs{10};
  double steepness = 12.0;
  bool per_epoch = false;

  void validate() const {
    detail::require_finite("Sigmoid schedule", "from", from);
    detail::require_finite("Sigmoid schedule", "to", to);
    detail::require_duration("Sigmoid schedule", "over", over);
    if (!(steepness > 0) || !std::isfinite(steepness))
      detail::refuse("Sigmoid schedule", "steepness", "must be finite and above 0", steepness);
  }

  [[nodiscard]] double operator()(const Progress& progress) const {
    validate();
    detail::require_progress("Sigmoid schedule", progress);
    const Progress seen = per_epoch ? epoch_start(progress) : progress;
    const double now = over.in_epochs() ? seen.epoch : static_cast<double>(seen.step);
    if (over.count() == 0 ? now >= 0 : now > over.count()) return to;
    return detail::line(from, to, detail::logistic(steepness * (fraction_passed(seen, over) - 0.5)));
  }
};

}  // namespace schedules

using SigmoidSchedule = schedules::Sigmoid;

}  // namespace bvae
