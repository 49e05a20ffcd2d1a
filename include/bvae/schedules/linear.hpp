#pragma once

#include "bvae/schedules/check.hpp"
#include "bvae/schedules/progress.hpp"

namespace bvae {
namespace schedules {

/// A straight line from one value to another, then constant; it may rise or fall. Called bvae::LinearSchedule outside
/// this namespace, because bvae::Linear is the layer.
///
///     from + (to - from) * min(1, passed / over)
///
/// - `from`, `to`: finite; defaults 0 and 1. Both ends are met exactly.
/// - `over`: length of the line, at least 0, default Epochs{10}. Length 0: `to` from step 0 on.
/// - `per_epoch`: keep the value of the epoch's first step during the whole epoch; default false
///
/// Throws std::invalid_argument from validate() and from the call on a bad argument. Allocates nothing.
struct Linear {
  double from = 0.0;
  double to = 1.0;
  Duration over = Epochs{10};
  bool per_epoch = false;

  void validate() const {
    detail::require_finite("Linear schedule", "from", from);
    detail::require_finite("Linear schedule", "to", to);
    detail::require_duration("Linear schedule", "over", over);
  }

  [[nodiscard]] double operator()(const Progress& progress) const {
    validate();
    detail::require_progress("Linear schedule", progress);
    return detail::line(from, to, fraction_passed(per_epoch ? epoch_start(progress) : progress, over));
  }
};

}  // namespace schedules

using LinearSchedule = schedules::Linear;

}  // namespace bvae
