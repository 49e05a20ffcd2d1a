#pragma once

#include <algorithm>
#include <cmath>

#include "bvae/schedules/check.hpp"
#include "bvae/schedules/curves.hpp"
#include "bvae/schedules/progress.hpp"

namespace bvae {
namespace schedules {

/// Grows or falls by the same factor in every step, from one value to another, then constant. A straight line on a
/// logarithmic scale: the usual decay of learning rates, and for beta a long time near its start.
///
///     from * (to / from)^v,   v = min(1, passed / over)
///
/// - `from`, `to`: finite and above 0; defaults 1e-4 and 1. Both ends are met exactly.
/// - `over`: length, at least 0, default Epochs{10}. Length 0: `to` from step 0 on.
/// - `per_epoch`: keep the value of the epoch's first step during the whole epoch; default false
///
/// Throws std::invalid_argument from validate() and from the call on a bad argument. Allocates nothing.
struct Exponential {
  double from = 1e-4;
  double to = 1.0;
  Duration over = Epochs{10};
  bool per_epoch = false;

  void validate() const {
    require_positive("from", from);
    require_positive("to", to);
    detail::require_duration("Exponential", "over", over);
  }

  [[nodiscard]] double operator()(const Progress& progress) const {
    validate();
    detail::require_progress("Exponential", progress);
    const double v = fraction_passed(per_epoch ? epoch_start(progress) : progress, over);
    if (v <= 0) return from;
    if (v >= 1) return to;
    using kernels::Elementary;
    const double logarithm =
        detail::line(detail::elementary<Elementary::kLog>(from), detail::elementary<Elementary::kLog>(to), v);
    return std::clamp(detail::elementary<Elementary::kExp>(logarithm), std::min(from, to), std::max(from, to));
  }

 private:
  static void require_positive(const char* field, double value) {
    if (!(value > 0) || !std::isfinite(value))
      detail::refuse("Exponential", field, "must be finite and above 0", value);
  }
};

}  // namespace schedules

using schedules::Exponential;

}  // namespace bvae
