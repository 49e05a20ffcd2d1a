#pragma once

#include <cmath>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "bvae/core/message.hpp"
#include "bvae/core/schedule_concepts.hpp"
#include "bvae/divergences/burgess_capacity.hpp"
#include "bvae/divergences/divergence_terms.hpp"

namespace bvae {

/// The KL held at a capacity that grows while training goes on (Burgess et al. 2018, "Understanding disentangling in
/// beta-VAE", eq. 8):
///
///     value = gamma * |KL - C(t)|,   KL = batch mean of the sum over latents.
///
///     Capacity{}
///     Capacity{LinearSchedule{.to = 25.0, .over = Epochs{30}}, 20.0}
///
/// The first is the paper's, see BurgessCapacity; the second has another schedule and gamma = 20.
///
/// The distance is the batch's, not each sample's. Above C the gradient is gamma times the KL's, below it minus that,
/// at equality 0. beta multiplies the whole: train with Constant{1}.
///
/// - `capacity`: C in nats, any function of a Progress (no feedback schedule)
/// - `gamma`: finite and not negative, default 1000
///
/// Reports the part "capacity", C(t). Throws std::invalid_argument from validate(), and from the call if the schedule
/// gives a capacity that is negative or not finite. prepare() allocates the report.
template <class Schedule = BurgessCapacity>
struct Capacity {
  Schedule capacity = {};
  double gamma = 1000.0;

  static constexpr std::string_view kName = "capacity";

  void validate() const {
    if (!(gamma >= 0) || !std::isfinite(gamma))
      throw std::invalid_argument("Capacity: gamma must be finite and not negative");
    if (is_feedback(capacity))
      throw std::invalid_argument("Capacity: needs a plain schedule; a feedback schedule would see nothing");
    if constexpr (requires { capacity.validate(); }) capacity.validate();
  }

  template <class Scalar>
  void prepare(DivergenceTerms<Scalar>& terms) const {
    terms.parts = {{"capacity", 0}};
  }

  template <class Posterior, class Progress, class Scalar>
  void operator()(const Posterior& q, const Progress& progress, DivergenceTerms<Scalar>& terms) const {
    const double aim = capacity(progress);
    if (!(aim >= 0) || !std::isfinite(aim))
      throw std::invalid_argument(message("Capacity: the schedule gave C = ", aim, ", which must be finite and >= 0"));
    if (!terms.parts.empty()) terms.parts[0].value = aim;
    q.kl_per_latent(terms.kl_per_latent);
    const double excess = terms.kl() - aim;
    terms.value = gamma * std::abs(excess);
    terms.weight.setConstant(excess > 0 ? gamma : excess < 0 ? -gamma : 0.0);
    q.kl_gradient(terms.weight, terms.d_mu_of(q.samples()), terms.d_log_variance_of(q.samples()));
  }
};

// clang 16 does not deduce the arguments of aggregates by itself.
Capacity() -> Capacity<>;
template <class Schedule>
Capacity(Schedule) -> Capacity<Schedule>;
template <class Schedule>
Capacity(Schedule, double) -> Capacity<Schedule>;

}  // namespace bvae
