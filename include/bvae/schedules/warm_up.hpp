#pragma once

#include "bvae/schedules/check.hpp"
#include "bvae/schedules/progress.hpp"

namespace bvae {
namespace schedules {

/// KL warm-up (Bowman et al. 2016; Sønderby et al. 2016): stays at `from`, then a straight line up to `to`, where it
/// stays.
///
///     from + (to - from) * min(1, max(0, passed - hold) / over)
///
/// - `from`, `to`: finite; defaults 0 and 1. Both ends are met exactly.
/// - `hold`: time at `from` before the line starts, at least 0, default Epochs{0}
/// - `over`: length of the line, at least 0, default Epochs{10}. Length 0: a jump to `to` at the end of `hold`.
/// - `per_epoch`: keep the value of the epoch's first step during the whole epoch; default false. With `over =
/// Epochs{n}`
///   this is exactly `min(1, epoch / n)` for the number of the epoch from 0 (as in VampPrior's code).
///
/// Throws std::invalid_argument from validate() and from the call on a bad argument. Allocates nothing.
struct WarmUp {
  double from = 0.0;
  double to = 1.0;
  Duration hold = Epochs{0};
  Duration over = Epochs{10};
  bool per_epoch = false;

  void validate() const {
    detail::require_finite("WarmUp", "from", from);
    detail::require_finite("WarmUp", "to", to);
    detail::require_duration("WarmUp", "hold", hold);
    detail::require_duration("WarmUp", "over", over);
  }

  [[nodiscard]] double operator()(const Progress& progress) const {
    validate();
    detail::require_progress("WarmUp", progress);
    const Progress seen = per_epoch ? epoch_start(progress) : progress;
    return detail::line(from, to, fraction_passed(progress_after(seen, hold), over));
  }
};

}  // namespace schedules

using schedules::WarmUp;

}  // namespace bvae
