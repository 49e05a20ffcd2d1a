#pragma once

namespace bvae {

/// The forms of free bits in use, with KL_ds the KL of latent d and sample s, lambda the floor in nats, M latents, and
/// mean_s the mean over the batch. In every form what is clamped has no gradient, and a KL equal to the floor is
/// clamped.
///
/// kPerLatent and the total forms decide for the whole batch, the others sample by sample. By convexity
/// kPerSampleAndLatent >= kPerLatent >= the plain KL.
enum class FreeBits : unsigned char {
  kPerLatent,               ///< sum_d max(lambda, mean_s KL_ds): Kingma et al. 2016, each latent its own group
  kPerSampleAndLatent,      ///< mean_s sum_d max(lambda, KL_ds): in many text VAEs
  kPerSample,               ///< mean_s max(lambda, sum_d KL_ds): boiler-pytorch, one layer of latents
  kTotal,                   ///< max(lambda, mean_s sum_d KL_ds): Dreamer and its followers
  kMaskPerSample,           ///< mean_s [K_s > lambda] K_s with K_s = sum_d KL_ds: Li et al. 2019, fb = 1 of their code
  kMaskPerSampleAndLatent,  ///< mean_s sum_d [KL_ds > lambda / M] KL_ds: their fb = 2
  kMaskTotal,               ///< [K > lambda] K with K = mean_s sum_d KL_ds: their fb = 3
};

}  // namespace bvae
