#pragma once

namespace bvae {

/// What a feedback schedule sees of a step of training: means over the batch, in nats.
struct Observation {
  double reconstruction = 0;  ///< -log p(x|z), as History's train.reconstruction
  double kl = 0;              ///< plain KL: no free bits, no beta
};

}  // namespace bvae
