/// What all schedules share: checks of their arguments, and the straight line.
#pragma once

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <string_view>

#include "bvae/schedules/progress.hpp"

namespace bvae::schedules::detail {

[[noreturn]] inline void refuse(std::string_view schedule, std::string_view rule, const std::string& got) {
  throw std::invalid_argument(std::string(schedule) + ": " + std::string(rule) + ", got " + got);
}

inline void require_finite(std::string_view schedule, std::string_view field, double value) {
  if (!std::isfinite(value)) refuse(schedule, std::string(field).append(" must be finite"), std::to_string(value));
}

inline void require_duration(std::string_view schedule, std::string_view field, const Duration& duration) {
  if (std::isfinite(duration.count()) && duration.count() >= 0) return;
  refuse(schedule, std::string(field).append(" must be finite and not negative"),
         std::to_string(duration.count()).append(duration.in_epochs() ? " epochs" : " steps"));
}

inline void require_progress(std::string_view schedule, const Progress& progress) {
  if (progress.steps_per_epoch < 1) {
    refuse(schedule, "steps_per_epoch must be at least 1", std::to_string(progress.steps_per_epoch));
  }
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
