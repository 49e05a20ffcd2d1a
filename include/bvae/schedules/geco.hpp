#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "bvae/core/rounding.hpp"
#include "bvae/schedules/check.hpp"
#include "bvae/schedules/curves.hpp"
#include "bvae/schedules/observation.hpp"
#include "bvae/schedules/progress.hpp"

namespace bvae {
namespace schedules {

/// GECO (Rezende and Viola 2018, "Taming VAEs", section 2 and algorithm 1): says how good reconstructions must be, and
/// finds the beta that gives the smallest KL with them. A feedback schedule, see FeedbackScheduleOf.
///
/// The paper minimises KL + lambda * C with C = reconstruction - target; here beta = 1 / lambda multiplies the KL,
/// which is the same up to a factor. After each step, with the batch's C,
///
///     average <- decay * average + (1 - decay) * C,   at first C
///     every `every` steps:  lambda <- lambda * clamp(e^(rate * average), slowest, fastest)
///
/// so beta falls while reconstructions are too bad, and grows while they are better than asked for.
///
/// - `reconstruction`: the target in nats, as the run reports it (train.reconstruction); must be given. A tolerance of
///   kappa per image in the squared error is kappa^2 / (2 sigma^2) and the constant of Gaussian{.sigma}.
/// - `from`: beta until the first change, above 0, default 1
/// - `decay`: of the moving average, in [0, 1), default 0.99
/// - `every`: steps between two changes, at least 1, default 100
/// - `rate`: per nat, above 0, default 1. Smaller values come to rest where larger ones swing.
/// - `slowest`, `fastest`: limits of one change of lambda, 0 < slowest < 1 < fastest; defaults 0.9 and 1.1
/// - `beta_min`, `beta_max`: 0 < beta_min <= from <= beta_max, finite; defaults 1e-6 and 1e6
/// - `memory`: the state; leave it alone, it belongs to observe() and restore()
///
/// The call does not look at the progress: it gives the present beta. Throws std::invalid_argument from validate() and
/// the call on a bad argument, from observe() for a reconstruction that is not finite, from restore() for a state that
/// is not Geco's. Allocates nothing.
struct Geco {
  double reconstruction = std::numeric_limits<double>::quiet_NaN();
  double from = 1.0;
  double decay = 0.99;
  Steps every{100};
  double rate = 1.0;
  double slowest = 0.9;
  double fastest = 1.1;
  double beta_min = 1e-6;
  double beta_max = 1e6;
  std::array<double, 3> memory{};  // steps observed, average, beta

  void validate() const {
    detail::require_finite("Geco", "reconstruction (the target, which must be given)", reconstruction);
    if (!(decay >= 0 && decay < 1)) detail::refuse("Geco", "decay", "must lie in [0, 1)", decay);
    if (every.count < 1) detail::refuse("Geco", "every", "must be at least 1 step", every.count);
    if (!(rate > 0) || !std::isfinite(rate)) detail::refuse("Geco", "rate", "must be finite and above 0", rate);
    if (!(slowest > 0 && slowest < 1)) detail::refuse("Geco", "slowest", "must lie in (0, 1)", slowest);
    if (!(fastest > 1) || !std::isfinite(fastest))
      detail::refuse("Geco", "fastest", "must be finite and above 1", fastest);
    if (!(beta_min > 0)) detail::refuse("Geco", "beta_min", "must be above 0", beta_min);
    if (!(beta_max >= beta_min) || !std::isfinite(beta_max))
      detail::refuse("Geco", "beta_max", "must be finite and not below beta_min", beta_max);
    if (!(from >= beta_min && from <= beta_max))
      detail::refuse("Geco", "from", "must lie in [beta_min, beta_max]", from);
  }

  [[nodiscard]] double operator()(const Progress&) const {
    validate();
    return memory[0] == 0 ? from : memory[2];
  }

  void observe(const Progress&, const Observation& seen) {
    validate();
    detail::require_finite("Geco", "the observed reconstruction", seen.reconstruction);
    auto& [steps, average, beta] = memory;
    const double excess = seen.reconstruction - reconstruction;
    if (steps == 0) {
      average = excess;
      beta = from;
    } else {
      average = rounded(decay * average) + rounded((1 - decay) * excess);
    }
    ++steps;
    if (std::fmod(steps, static_cast<double>(every.count)) != 0) return;
    const double factor = detail::elementary<kernels::Elementary::kExp>(rate * average);
    beta = std::clamp(beta / std::clamp(factor, slowest, fastest), beta_min, beta_max);
  }

  [[nodiscard]] std::span<const double> state() const { return memory; }

  /// Goes on where the schedule was whose state() this is.
  void restore(std::span<const double> saved) {
    detail::require_state("Geco", saved, memory.size());
    if (!(saved[0] >= 0) || saved[0] != std::floor(saved[0]))
      detail::refuse("Geco", "the state's number of steps", "must be whole and not negative", saved[0]);
    if (saved[0] > 0 && !(saved[2] >= beta_min && saved[2] <= beta_max))
      detail::refuse("Geco", "the state's beta", "must lie in [beta_min, beta_max]", saved[2]);
    std::copy(saved.begin(), saved.end(), memory.begin());
  }
};

}  // namespace schedules

using schedules::Geco;

}  // namespace bvae
