#pragma once

#include "bvae/core/types.hpp"

namespace bvae {

/// What a divergence gives for one batch: everything is a mean over the samples, unweighted by beta, in nats.
template <class Scalar>
struct DivergenceTerms {
  /// \param latents M  \param capacity the largest batch; the gradients are allocated for it once
  DivergenceTerms(Index latents, Index capacity)
      : kl_per_latent(Vector<double>::Zero(latents)),
        weight(Vector<double>::Zero(latents)),
        d_mu(latents, capacity),
        d_log_variance(latents, capacity) {}

  double value = 0;              ///< what beta multiplies (free bits applied)
  Vector<double> kl_per_latent;  ///< plain KL of each latent, whatever the divergence does with it
  Vector<double> weight;         ///< scratch of the divergence, one value a latent
  Matrix<Scalar> d_mu;           ///< gradient of `value`, first `samples` columns
  Matrix<Scalar> d_log_variance;

  [[nodiscard]] double kl() const {
    double sum = 0;  // in order: Eigen's depends on flags
    for (const double kl : kl_per_latent) sum += kl;
    return sum;
  }
};

}  // namespace bvae
