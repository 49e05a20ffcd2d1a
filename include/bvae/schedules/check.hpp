/// What all schedules share: checks of their arguments, and the straight line.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <stdexcept>

#include "bvae/core/message.hpp"
#include "bvae/schedules/progress.hpp"

namespace bvae::schedules::detail {

template <class Number>
[[noreturn, gnu::cold, gnu::noinline]] void refuse(const char* schedule, const char* field, const char* rule,
                                                   Number got, const char* unit = "") {
  throw std::invalid_argument(message(schedule, ": ", field, ' ', rule, ", got ", got, unit));
}

inline void require_finite(const char* schedule, const char* field, double value) {
  if (!std::isfinite(value)) refuse(schedule, field, "must be finite", value);
}

inline void require_duration(const char* schedule, const char* field, const Duration& duration) {
  if (std::isfinite(duration.count()) && duration.count() >= 0) return;
  refuse(schedule, field, "must be finite and not negative", duration.count(),
         duration.in_epochs() ? " epochs" : " steps");
}

/// What restore() of a feedback schedule gets.
inline void require_state(const char* schedule, std::span<const double> saved, std::size_t size) {
  if (saved.size() != size)
    throw std::invalid_argument(message(schedule, ": a state has ", size, " numbers, got ", saved.size()));
  for (const double value : saved) require_finite(schedule, "a number of the state", value);
}

inline void require_progress(const char* schedule, const Progress& progress) {
  if (progress.steps_per_epoch < 1) refuse(schedule, "steps_per_epoch", "must be at least 1", progress.steps_per_epoch);
  require_finite(schedule, "the progress's epoch", progress.epoch);
}

/// `from + (to - from) * fraction`, exact for fraction 0 and 1, and never outside [from, to]. The fused multiply-add is
/// written out so that the value has the same bits whether or not the compiler would fuse by itself.
[[nodiscard]] inline double line(double from, double to, double fraction) noexcept {
  if (fraction <= 0) return from;
  if (fraction >= 1) return to;
  return std::clamp(std::fma(to - from, fraction, from), std::min(from, to), std::max(from, to));
}

}  // namespace bvae::schedules::detail
