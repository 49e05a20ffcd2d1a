#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

#include "bvae/core/rounding.hpp"
#include "bvae/schedules/check.hpp"
#include "bvae/schedules/curves.hpp"
#include "bvae/schedules/observation.hpp"
#include "bvae/schedules/progress.hpp"

namespace bvae {
namespace schedules {

/// ControlVAE (Shao et al. 2020, "ControlVAE", section 3 and algorithm 1): says how many nats of KL there must be, and
/// steers beta there with a non-linear PI controller. A feedback schedule, see FeedbackScheduleOf.
///
/// After each step, with e = kl - KL (the set point minus the batch's),
///
///     P = kp / (1 + e^e),   I <- I - ki * e,   D = -kd * (e - last e)
///     beta = P + I + D + beta_min, not outside of [beta_min, beta_max]
///
/// so beta grows while there is too much KL, and falls while there is too little.
///
/// Anti-windup: the integral moves only as far as beta can follow. While beta is at a limit and the error pushes
/// further, I stands still; when the error changes sign, beta leaves the limit in that step. (Without it I would go on
/// growing, and beta would stay at its limit until I had come back all the way.)
///
/// - `kl`: the set point in nats, not negative; must be given
/// - `kp`, `ki`, `kd`: not negative, finite; defaults 0.01, 0.001 (the paper's for text; 0.001 and 0.0001 suit images)
///   and 0 (the paper has no derivative term)
/// - `beta_min`, `beta_max`: 0 <= beta_min < beta_max, finite; defaults 0 and 1. For disentangling the paper has 1 and
/// a
///   larger beta_max.
/// - `memory`: the state; leave it alone, it belongs to observe() and restore()
///
/// The call does not look at the progress: it gives the present beta, beta_min before the first observation. Throws
/// std::invalid_argument from validate() and the call on a bad argument, from observe() for a KL that is not finite,
/// from restore() for a state that is not a PidController's. Allocates nothing.
struct PidController {
  double kl = std::numeric_limits<double>::quiet_NaN();
  double kp = 0.01;
  double ki = 0.001;
  double kd = 0.0;
  double beta_min = 0.0;
  double beta_max = 1.0;
  std::array<double, 4> memory{};  // steps observed, integral, last error, beta

  void validate() const {
    require_gain("kl (the set point, which must be given)", kl);
    require_gain("kp", kp);
    require_gain("ki", ki);
    require_gain("kd", kd);
    require_gain("beta_min", beta_min);
    if (!(beta_max > beta_min) || !std::isfinite(beta_max))
      detail::refuse("PidController", "beta_max", "must be finite and above beta_min", beta_max);
  }

  [[nodiscard]] double operator()(const Progress&) const {
    validate();
    return memory[0] == 0 ? beta_min : memory[3];
  }

  void observe(const Progress&, const Observation& seen) {
    validate();
    detail::require_finite("PidController", "the observed KL", seen.kl);
    auto& [steps, integral, last_error, beta] = memory;
    const double error = kl - seen.kl;
    const double proportional = rounded(kp * detail::logistic(-error));
    const double derivative = steps == 0 ? 0.0 : rounded(-kd * (error - last_error));
    const double change = rounded(-ki * error);
    const double output = proportional + derivative + beta_min + integral;  // before the integral's change
    if (change > 0 && change >= beta_max - output) {
      integral += std::max(beta_max - output, 0.0);
      beta = beta_max;
    } else if (change < 0 && change <= beta_min - output) {
      integral += std::min(beta_min - output, 0.0);
      beta = beta_min;
    } else {
      integral += change;
      beta = std::clamp(proportional + derivative + beta_min + integral, beta_min, beta_max);
    }
    last_error = error;
    ++steps;
  }

  [[nodiscard]] std::span<const double> state() const { return memory; }

  /// Goes on where the schedule was whose state() this is.
  void restore(std::span<const double> saved) {
    detail::require_state("PidController", saved, memory.size());
    if (!(saved[0] >= 0) || saved[0] != std::floor(saved[0]))
      detail::refuse("PidController", "the state's number of steps", "must be whole and not negative", saved[0]);
    if (saved[0] > 0 && !(saved[3] >= beta_min && saved[3] <= beta_max))
      detail::refuse("PidController", "the state's beta", "must lie in [beta_min, beta_max]", saved[3]);
    std::copy(saved.begin(), saved.end(), memory.begin());
  }

 private:
  static void require_gain(const char* field, double value) {
    if (!(value >= 0) || !std::isfinite(value))
      detail::refuse("PidController", field, "must be finite and not negative", value);
  }
};

}  // namespace schedules

using schedules::PidController;

}  // namespace bvae
