#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bvae/schedules/any_schedule.hpp"
#include "bvae/schedules/check.hpp"
#include "bvae/schedules/progress.hpp"

namespace bvae {
namespace schedules {

/// Schedules one after the other. Each sees a progress counted from its own start, and takes the length of its phase
/// for the whole training (so Cyclical without `over` fills its phase).
///
///     const auto beta = Sequence{}
///                           .then(Constant{0}, Epochs{3})
///                           .then(WarmUp{.to = 4, .over = Steps{500}}, Steps{500})
///                           .finally(Constant{4});
///
/// Without `finally` the last phase goes on. A phase of length zero is skipped, as if it were not there; epochs that
/// are no whole number of steps go to the nearest one. `then` and `finally` return the longer sequence and do not
/// change the one they are called on. A sequence is itself a schedule and may be a phase of another.
///
/// Throws std::invalid_argument: from `then` and `finally` for a bad phase (a feedback schedule is one), or after
/// `finally`; from validate() and from the call when there is no phase. Building allocates, calling does not.
class Sequence {
 public:
  /// Adds a phase of the given length.
  [[nodiscard]] Sequence then(AnySchedule schedule, Duration length) const {
    detail::require_duration("Sequence", "the length of a phase", length);
    return with({std::move(schedule), length, false});
  }

  /// Adds the last phase, which never ends.
  [[nodiscard]] Sequence finally(AnySchedule schedule) const { return with({std::move(schedule), Steps{0}, true}); }

  void validate() const {
    if (phases_.empty()) throw std::invalid_argument("Sequence: must have a phase; add one with then() or finally()");
    for (const Phase& phase : phases_) phase.schedule.validate();
  }

  [[nodiscard]] double operator()(const Progress& progress) const {
    detail::require_progress("Sequence", progress);
    const auto skipped = [&](const Phase& phase) {
      return !phase.open_ended && phase.length.steps(progress.steps_per_epoch) == 0;
    };
    const auto last = std::find_if_not(phases_.rbegin(), phases_.rend(), skipped);
    if (last == phases_.rend()) {
      throw std::invalid_argument(
          "Sequence: must have a phase that is not of length zero; add one with then() or finally()");
    }

    Progress own = progress;
    for (const Phase& phase : phases_) {
      if (skipped(phase)) continue;
      const std::int64_t length = phase.open_ended ? 0 : phase.length.steps(progress.steps_per_epoch);
      if (&phase == &*last || own.step < length) {
        if (!phase.open_ended) own.total_steps = length;
        return phase.schedule(own);
      }
      own = progress_after(own, phase.length);
    }
    throw std::logic_error("Sequence: no phase holds the step");  // not reached: the last phase takes every step
  }

 private:
  struct Phase {
    AnySchedule schedule;
    Duration length;
    bool open_ended;
  };

  Sequence with(Phase phase) const {
    if (!phases_.empty() && phases_.back().open_ended) {
      throw std::invalid_argument("Sequence: a phase after finally() would never run");
    }
    if (phase.schedule.is_feedback())
      throw std::invalid_argument("Sequence: a phase must be a plain schedule; a feedback schedule would see nothing");
    Sequence longer = *this;
    longer.phases_.push_back(std::move(phase));
    return longer;
  }

  std::vector<Phase> phases_;
};

}  // namespace schedules

using schedules::Sequence;

}  // namespace bvae
