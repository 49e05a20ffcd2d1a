#pragma once

#include "bvae/core/types.hpp"

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
    z.array() = mu_.array() + (log_variance_.array() * Scalar(0.5)).exp() * noise.array();
  }

  /// Gradients with respect to mu and log_variance from the one with respect to z; overwrites both.
  void sample_gradient(ConstView<Scalar> noise, ConstView<Scalar> dz, RowsView<Scalar> d_mu,
                       RowsView<Scalar> d_log_variance) const {
    d_mu = dz;
    d_log_variance.array() = Scalar(0.5) * dz.array() * noise.array() * (log_variance_.array() * Scalar(0.5)).exp();
  }

  /// Mean over the samples of the KL of each latent, in nats.
  void kl_per_latent(Eigen::Ref<Vector<double>> kl) const {
    kl.setZero();
    for (Index s = 0; s < samples(); ++s) {
      const auto mu = mu_.col(s).template cast<double>().array();
      const auto lv = log_variance_.col(s).template cast<double>().array();
      kl.array() += 0.5 * (mu.square() + lv.exp() - lv - 1.0);
    }
    kl /= static_cast<double>(samples());
  }

  /// Gradients of sum_d weight[d] * (mean KL of latent d): overwrites both.
  void kl_gradient(const Eigen::Ref<const Vector<double>>& weight, RowsView<Scalar> d_mu,
                   RowsView<Scalar> d_log_variance) const {
    const double scale = 1.0 / static_cast<double>(samples());
    for (Index s = 0; s < samples(); ++s) {
      const auto mu = mu_.col(s).template cast<double>().array();
      const auto lv = log_variance_.col(s).template cast<double>().array();
      d_mu.col(s).array() = (scale * weight.array() * mu).template cast<Scalar>();
      d_log_variance.col(s).array() = ((0.5 * scale) * weight.array() * (lv.exp() - 1.0)).template cast<Scalar>();
    }
  }

 private:
  ConstRowsView<Scalar> mu_;
  ConstRowsView<Scalar> log_variance_;
};

}  // namespace bvae
