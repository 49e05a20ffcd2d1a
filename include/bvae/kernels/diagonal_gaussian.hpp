/// The posterior N(mu, diag(exp(log_variance))) of a batch: samples, KL to N(0, I), gradients.
#pragma once

#include "bvae/kernels/isa.hpp"
#include "bvae/kernels/math.hpp"
#include "bvae/kernels/simd.hpp"

namespace bvae::kernels {

/// A batch of `latents` x `samples` values: sample s begins at data + s * stride.
template <class S>
struct Columns {
  S* data;
  Size stride;
};

/// What is added to the gradient through the sample: `beta` times the gradients of a divergence. Null data add nothing.
template <class S>
struct DivergenceGradient {
  S beta;
  Columns<const S> mu, log_variance;
  Columns<const S> z{};
};

}  // namespace bvae::kernels

#define BVAE_KERNEL_SOURCE "bvae/kernels/diagonal_gaussian.inc"
#include "bvae/kernels/for_each_isa.inc"

namespace bvae::kernels {

/// z = mu + exp(log_variance / 2) noise.
template <class S>
void gaussian_sample(Size latents, Size samples, Columns<const S> mu, Columns<const S> log_variance,
                     Columns<const S> noise, Columns<S> z) {
  choose(&baseline::gaussian_sample<S>, &v3::gaussian_sample<S>, &v4::gaussian_sample<S>)(latents, samples, mu,
                                                                                          log_variance, noise, z);
}

/// Gradients with respect to mu and log_variance from dz, the one with respect to z:
///
///     d_mu           = dz                                        + beta * divergence.mu
///     d_log_variance = dz * noise * exp(log_variance / 2) / 2    + beta * divergence.log_variance
///
/// where dz + beta * divergence.z takes the place of dz, if there is one.
template <class S>
void gaussian_gradient(Size latents, Size samples, Columns<const S> log_variance, Columns<const S> noise,
                       Columns<const S> dz, const DivergenceGradient<S>& divergence, Columns<S> d_mu,
                       Columns<S> d_log_variance) {
  choose(&baseline::gaussian_gradient<S>, &v3::gaussian_gradient<S>, &v4::gaussian_gradient<S>)(
      latents, samples, log_variance, noise, dz, divergence, d_mu, d_log_variance);
}

/// kl[d] = mean over the samples of (mu^2 + exp(log_variance) - 1 - log_variance) / 2, in double, summed in the order
/// of the samples.
template <class S>
void gaussian_kl(Size latents, Size samples, Columns<const S> mu, Columns<const S> log_variance, double* kl) {
  choose(&baseline::gaussian_kl<S>, &v3::gaussian_kl<S>, &v4::gaussian_kl<S>)(latents, samples, mu, log_variance, kl,
                                                                              nullptr);
}

/// kl[s * latents + d] = the same of each sample alone.
template <class S>
void gaussian_kl_values(Size latents, Size samples, Columns<const S> mu, Columns<const S> log_variance, double* kl) {
  choose(&baseline::gaussian_kl<S>, &v3::gaussian_kl<S>, &v4::gaussian_kl<S>)(latents, samples, mu, log_variance,
                                                                              nullptr, kl);
}

/// Gradients of the sum of weight[d] kl[d]: weight mu / samples and weight (exp(log_variance) - 1) / 2 / samples.
template <class S>
void gaussian_kl_gradient(Size latents, Size samples, Columns<const S> mu, Columns<const S> log_variance,
                          const double* weight, Columns<S> d_mu, Columns<S> d_log_variance) {
  choose(&baseline::gaussian_kl_gradient<S>, &v3::gaussian_kl_gradient<S>, &v4::gaussian_kl_gradient<S>)(
      latents, samples, mu, log_variance, weight, d_mu, d_log_variance);
}

}  // namespace bvae::kernels
