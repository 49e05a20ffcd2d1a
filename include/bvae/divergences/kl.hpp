#pragma once

#include <cmath>
#include <stdexcept>
#include <string_view>

#include "bvae/divergences/divergence_terms.hpp"

namespace bvae {

/// KL(q(z|x) || N(0, I)) with free bits in the form of Kingma et al. 2016 (section on free bits), each latent being its
/// own group:
///
///   value = sum over latents d of max(free_bits, batch mean of KL_d).
///
/// The floor is in nats of the plain KL, it is applied before beta. A latent at or below its floor gets no gradient
/// from this term, for the whole batch. free_bits = 0 is the plain KL.
struct Kl {
  double free_bits = 0.0;  ///< floor of each latent's batch-mean KL in nats, >= 0

  static constexpr std::string_view kName = "kl";

  void validate() const {
    if (!(free_bits >= 0) || !std::isfinite(free_bits))
      throw std::invalid_argument("Kl: free_bits must be finite and not negative");
  }

  template <class Posterior, class Progress, class Scalar>
  void operator()(const Posterior& q, const Progress&, DivergenceTerms<Scalar>& terms) const {
    q.kl_per_latent(terms.kl_per_latent);
    terms.value = 0;
    for (Index d = 0; d < q.latents(); ++d) {
      const double kl = terms.kl_per_latent[d];
      const bool clamped = free_bits > 0 && kl <= free_bits;  // NaN is not clamped: it must reach the loss
      terms.weight[d] = clamped ? 0.0 : 1.0;
      terms.value += clamped ? free_bits : kl;
    }
    const Eigen::OuterStride<> stride(q.latents());
    q.kl_gradient(terms.weight, {terms.d_mu.data(), q.latents(), q.samples(), stride},
                  {terms.d_log_variance.data(), q.latents(), q.samples(), stride});
  }
};

}  // namespace bvae
