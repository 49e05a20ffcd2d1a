#pragma once

#include "bvae/schedules/check.hpp"
#include "bvae/schedules/curves.hpp"
#include "bvae/schedules/progress.hpp"

namespace bvae {
namespace schedules {

/// Half a cosine wave from one value to another, then constant: slow at both ends (Loshchilov and Hutter 2017, "SGDR",
/// equation 5 without restarts). For restarts: Cyclical with RampShape::kCosine, or a Sequence.
///
///     from + (to - from) * (1 - cos(pi v)) / 2,   v = min(1, passed / over)
///
/// - `from`, `to`: finite; defaults 0 and 1; it may rise or fall. Both ends are met exactly.
/// - `over`: length, at least 0, default Epochs{10}. Length 0: `to` from step 0 on.
/// - `per_epoch`: keep the value of the epoch's first step during the whole epoch; default false
///
/// Throws std::invalid_argument from validate() and from the call on a bad argument. Allocates nothing.
struct Cosine {
  double from = 0.0;
  double to = 1.0;
  Duration over = Epochs{10};
  bool per_epoch = false;

  void validate() const {
    detail::require_finite("Cosine", "from", from);
    detail::require_finite("Cosine", "to", to);
    detail::require_duration("Cosine", "over", over);
  }

  [[nodiscard]] double operator()(const Progress& progress) const {
    validate();
    detail::require_progress("Cosine", progress);
    const double v = fraction_passed(per_epoch ? epoch_start(progress) : progress, over);
    return detail::line(from, to, detail::shaped(RampShape::kCosine, v));
  }
};

}  // namespace schedules

using schedules::Cosine;

}  // namespace bvae
