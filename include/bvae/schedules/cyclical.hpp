#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "bvae/schedules/check.hpp"
#include "bvae/schedules/curves.hpp"
#include "bvae/schedules/progress.hpp"

namespace bvae {
namespace schedules {

/// Cyclical annealing (Fu et al. 2019, "Cyclical Annealing Schedule", equation 6): each cycle rises from `from` to
/// `to`, then stays at `to` until the next one begins.
///
///     from + (to - from) * shape(min(1, k / (period * ramp))),   period = over / cycles,
///     k = steps since the cycle began;  cycle c begins at step floor(c * period), from c = 0
///
/// - `from`, `to`: finite; defaults 0 and 1
/// - `cycles`: number of cycles, at least 1, default 4
/// - `ramp`: part of the cycle that rises, in (0, 1], default 0.5. At 1 a cycle ends one step before it would reach
/// `to`.
/// - `over`: length of all cycles together; after it the value is `to`. Default: the whole training
///   (Progress::total_steps). Epochs that are no whole number of steps go to the nearest one.
/// - `shape`: linear (default), cosine or sigmoid, see RampShape. Both ends are met exactly.
/// - `per_epoch`: keep the value of the epoch's first step during the whole epoch; default false
///
/// Throws std::invalid_argument from validate() and from the call on a bad argument, and from the call when `over` is
/// not given and the progress has no total_steps. Allocates nothing.
struct Cyclical {
  double from = 0.0;
  double to = 1.0;
  int cycles = 4;
  double ramp = 0.5;
  std::optional<Duration> over = std::nullopt;
  RampShape shape = RampShape::kLinear;
  bool per_epoch = false;

  void validate() const {
    detail::require_finite("Cyclical", "from", from);
    detail::require_finite("Cyclical", "to", to);
    if (cycles < 1) detail::refuse("Cyclical", "cycles", "must be at least 1", cycles);
    if (!(ramp > 0 && ramp <= 1)) detail::refuse("Cyclical", "ramp", "must lie in (0, 1]", ramp);
    if (over) detail::require_duration("Cyclical", "over", *over);
  }

  [[nodiscard]] double operator()(const Progress& progress) const {
    validate();
    detail::require_progress("Cyclical", progress);
    if (!over && progress.total_steps < 1) {
      detail::refuse("Cyclical", "without `over` the progress", "must know total_steps (at least 1)",
                     progress.total_steps);
    }
    const std::int64_t total = over ? over->steps(progress.steps_per_epoch) : progress.total_steps;
    const std::int64_t step = per_epoch ? epoch_start(progress).step : progress.step;
    if (step < 0) return from;
    if (step >= total) return to;
    if (total > std::numeric_limits<std::int64_t>::max() / cycles) {
      detail::refuse("Cyclical", "over * cycles", "must stay below 2^63", total, " steps");
    }

    // Whole numbers, so that no rounding can move a boundary: the last c with floor(c * total / cycles) <= step.
    const std::int64_t cycle = ((step + 1) * cycles - 1) / total;
    const std::int64_t begin = cycle * total / cycles;
    if (step == begin) return from;
    const double period = static_cast<double>(total) / cycles;
    return detail::line(from, to, detail::shaped(shape, static_cast<double>(step - begin) / (period * ramp)));
  }
};

}  // namespace schedules

using schedules::Cyclical;

}  // namespace bvae
