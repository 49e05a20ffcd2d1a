#pragma once

namespace bvae {

/// Means over the samples of a batch or an epoch, in nats.
struct Losses {
  double objective = 0;       ///< reconstruction + beta * divergence: what training minimises
  double reconstruction = 0;  ///< -log p(x|z)
  double divergence = 0;      ///< what beta multiplies (free bits applied)
  double kl = 0;              ///< plain KL
};

}  // namespace bvae
