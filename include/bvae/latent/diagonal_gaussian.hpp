#pragma once

#include "bvae/core/types.hpp"
#include "bvae/kernels/diagonal_gaussian.hpp"

namespace bvae {

/// The posterior q(z|x) = N(mu, diag(exp(log_variance))) of a batch: a view of both, latents x samples. Knows no beta.
///
/// Sample: z = mu + exp(log_variance / 2) eps, with eps from N(0, I) (Kingma, Welling 2014, section 2.4).
/// KL to N(0, I), per latent and sample: (mu^2 + e^lv - lv - 1) / 2 (same paper, appendix B), computed in double.
template <class Scalar>
class DiagonalGaussian {
 public:
  DiagonalGaussian(ConstRowsView<Scalar> mu, ConstRowsView<Scalar> log_variance)
      : mu_(mu), log_variance_(log_variance) {}

  [[nodiscard]] const ConstRowsView<Scalar>& mu() const { return mu_; }
  [[nodiscard]] const ConstRowsView<Scalar>& log_variance() const { return log_variance_; }
  [[nodiscard]] Index latents() const { return mu_.rows(); }
  [[nodiscard]] Index samples() const { return mu_.cols(); }

  /// z from the noise.
  void sample(ConstView<Scalar> noise, View<Scalar> z) const {
    kernels::gaussian_sample<Scalar>(latents(), samples(), columns(mu_), columns(log_variance_), columns(noise),
                                     {z.data(), z.rows()});
  }

  /// Gradients with respect to mu and log_variance from the one with respect to z; overwrites both.
  void sample_gradient(ConstView<Scalar> noise, ConstView<Scalar> dz, RowsView<Scalar> d_mu,
                       RowsView<Scalar> d_log_variance) const {
    gradient(noise, dz, {}, d_mu, d_log_variance);
  }

  /// The same plus beta times the gradients of a divergence, in one pass. `divergence_z` has null data if the
  /// divergence does not depend on the sample.
  void objective_gradient(ConstView<Scalar> noise, ConstView<Scalar> dz, Scalar beta, ConstView<Scalar> divergence_z,
                          ConstView<Scalar> divergence_mu, ConstView<Scalar> divergence_log_variance,
                          RowsView<Scalar> d_mu, RowsView<Scalar> d_log_variance) const {
    gradient(noise, dz, {beta, columns(divergence_mu), columns(divergence_log_variance), columns(divergence_z)}, d_mu,
             d_log_variance);
  }

  /// Mean over the samples of the KL of each latent, in nats; summed in the order of the samples.
  void kl_per_latent(Vector<double>& kl) const {
    kernels::gaussian_kl(latents(), samples(), columns(mu_), columns(log_variance_), kl.data());
  }

  /// The KL of each latent and sample, in nats.
  void kl_values(View<double> kl) const {
    kernels::gaussian_kl_values(latents(), samples(), columns(mu_), columns(log_variance_), kl.data());
  }

  /// Gradients of sum_d weight[d] * (mean KL of latent d): overwrites both.
  void kl_gradient(const Vector<double>& weight, RowsView<Scalar> d_mu, RowsView<Scalar> d_log_variance) const {
    kernels::gaussian_kl_gradient<Scalar>(latents(), samples(), columns(mu_), columns(log_variance_), weight.data(),
                                          {d_mu.data(), d_mu.outerStride()},
                                          {d_log_variance.data(), d_log_variance.outerStride()});
  }

 private:
  template <class Values>
  static kernels::Columns<const Scalar> columns(const Values& view) {
    return {view.data(), view.outerStride()};
  }

  void gradient(ConstView<Scalar> noise, ConstView<Scalar> dz, const kernels::DivergenceGradient<Scalar>& divergence,
                RowsView<Scalar> d_mu, RowsView<Scalar> d_log_variance) const {
    kernels::gaussian_gradient<Scalar>(latents(), samples(), columns(log_variance_), columns(noise), columns(dz),
                                       divergence, {d_mu.data(), d_mu.outerStride()},
                                       {d_log_variance.data(), d_log_variance.outerStride()});
  }

  ConstRowsView<Scalar> mu_;
  ConstRowsView<Scalar> log_variance_;
};

}  // namespace bvae
