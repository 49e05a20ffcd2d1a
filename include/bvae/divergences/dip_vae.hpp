#pragma once

#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string_view>

#include "bvae/core/rounding.hpp"
#include "bvae/divergences/divergence_terms.hpp"
#include "bvae/kernels/math.hpp"
#include "bvae/kernels/pairwise.hpp"

namespace bvae {

/// Whose covariance a DipVae holds near the identity.
enum class DipType : unsigned char { kI, kII };

/// The KL plus a penalty on correlated latents: DIP-VAE of Kumar et al. 2018 ("Variational inference of disentangled
/// latent concepts from unlabeled observations", eq. 6 and 7).
///
///     value = KL + lambda_od sum_{a != b} C_ab^2 + lambda_d sum_a (C_aa - 1)^2
///
/// DipType::kI: C is the batch's covariance of mu. DipType::kII: of z, which is that of mu plus the mean of diag(e^lv);
/// no sample is needed for it. Covariances are divided by the batch's size. Beta multiplies the whole.
///
/// - `type`: default kI
/// - `lambda_od`, `lambda_d`: finite and not negative, defaults 10 and 100 (lambda_d = 10 lambda_od for I; for II the
///   paper has lambda_d = lambda_od)
///
/// Reports the part "covariance_penalty", all but the KL. Throws std::invalid_argument from validate(). prepare()
/// allocates about (M + 2 B) M numbers. Computes in double, on one thread.
struct DipVae {
  DipType type = DipType::kI;
  double lambda_od = 10.0;
  double lambda_d = 100.0;

  static constexpr std::string_view kName = "dip-vae";

  void validate() const {
    for (const double weight : {lambda_od, lambda_d})
      if (!(weight >= 0) || !std::isfinite(weight))
        throw std::invalid_argument("DipVae: lambda_od and lambda_d must be finite and not negative");
    if (type > DipType::kII) throw std::invalid_argument("DipVae: there is no such type");
  }

  template <class Scalar>
  void prepare(DivergenceTerms<Scalar>& terms) const {
    terms.scratch.resize(static_cast<std::size_t>(scratch_size(terms.latents(), terms.capacity())));
    terms.parts = {{"covariance_penalty", 0}};
  }

  template <class Posterior, class Progress, class Scalar>
  void operator()(const Posterior& q, const Progress&, DivergenceTerms<Scalar>& terms) const {
    const Index latents = q.latents();
    const Index samples = q.samples();
    const Index stride = rounded_up(samples);
    const double batch = static_cast<double>(samples);
    double* const centred = terms.scratch_of(scratch_size(latents, samples));  // mu - mean, latent by latent
    double* const variances = centred + latents * stride;                      // e^lv, likewise
    double* const slopes = variances + latents * stride;                       // of the penalty, by covariance
    double* const row = slopes + latents * latents;

    q.kl_per_latent(terms.kl_per_latent);
    terms.weight.setOnes();
    q.kl_gradient(terms.weight, terms.d_mu_of(samples), terms.d_log_variance_of(samples));
    for (Index d = 0; d < latents; ++d) center(q, d, stride, centred + d * stride, variances + d * stride);

    double diagonal = 0;
    double off_diagonal = 0;
    for (Index a = 0; a < latents; ++a)
      for (Index b = a; b < latents; ++b) {
        double covariance = kernels::dot(stride, centred + a * stride, centred + b * stride) / batch;
        if (a != b) {
          off_diagonal += rounded(2 * covariance * covariance);
          slopes[a * latents + b] = slopes[b * latents + a] = 2 * lambda_od * covariance;
          continue;
        }
        if (type == DipType::kII) covariance += mean(samples, variances + a * stride);
        diagonal += rounded((covariance - 1) * (covariance - 1));
        slopes[a * latents + a] = 2 * lambda_d * (covariance - 1);
      }
    const double penalty = rounded(lambda_od * off_diagonal) + rounded(lambda_d * diagonal);
    if (!terms.parts.empty()) terms.parts[0].value = penalty;
    terms.value = terms.kl() + penalty;

    // C = mean of c c^T, so the derivative of the penalty with respect to c is 2 / B slopes c. It needs no correction
    // for the mean that c lacks: it adds up to 0 over the samples.
    for (Index a = 0; a < latents; ++a) {
      for (Index s = 0; s < stride; ++s) row[s] = 0;
      for (Index b = 0; b < latents; ++b)
        kernels::add_scaled(stride, 2 / batch * slopes[a * latents + b], centred + b * stride, row);
      for (Index s = 0; s < samples; ++s) add(terms.d_mu(a, s), row[s]);
      if (type == DipType::kI) continue;
      const double slope = slopes[a * latents + a] / batch;
      for (Index s = 0; s < samples; ++s) add(terms.d_log_variance(a, s), rounded(slope * variances[a * stride + s]));
    }
  }

 private:
  static Index rounded_up(Index samples) { return (samples + 15) / 16 * 16; }
  static Index scratch_size(Index latents, Index samples) {
    return (2 * latents + 1) * rounded_up(samples) + latents * latents;
  }

  template <class Posterior>
  static void center(const Posterior& q, Index d, Index stride, double* centred, double* variances) {
    const Index samples = q.samples();
    for (Index s = 0; s < samples; ++s) {
      centred[s] = static_cast<double>(q.mu()(d, s));
      variances[s] = static_cast<double>(q.log_variance()(d, s));
    }
    kernels::apply<kernels::Elementary::kExp>(samples, variances, variances);
    const double middle = mean(samples, centred);
    for (Index s = 0; s < samples; ++s) centred[s] -= middle;
    for (Index s = samples; s < stride; ++s) centred[s] = 0;
  }
  static double mean(Index count, const double* values) {
    double sum = 0;
    for (Index i = 0; i < count; ++i) sum += values[i];
    return sum / static_cast<double>(count);
  }
  template <class Scalar>
  static void add(Scalar& to, double value) {
    to = static_cast<Scalar>(static_cast<double>(to) + value);
  }
};

}  // namespace bvae
