#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string_view>

#include "bvae/core/batch.hpp"
#include "bvae/core/random.hpp"
#include "bvae/core/rounding.hpp"
#include "bvae/divergences/divergence_terms.hpp"
#include "bvae/kernels/pairwise.hpp"

namespace bvae {

/// What an Mmd compares points by; r = |x - y|^2 and C = 2 M bandwidth^2.
enum class MmdKernel : unsigned char {
  kRbf,                   ///< exp(-r / C)
  kInverseMultiquadratic  ///< C / (C + r): heavier tails, Tolstikhin et al. 2018
};

/// The KL plus the maximum mean discrepancy between the batch's samples and as many draws from the prior: InfoVAE of
/// Zhao et al. 2019 ("InfoVAE: balancing learning and inference in variational autoencoders", eq. 6; MMD by Gretton et
/// al. 2012, eq. 5).
///
///     value = kl_weight KL + lambda MMD,   MMD = mean k(z, z') + mean k(y, y') - 2 mean k(z, y),  y from N(0, I)
///
/// Means are over all B^2 pairs, a point with itself included: never negative, and a little too large. In the
/// paper's words kl_weight = 1 - alpha and lambda = alpha + lambda_paper - 1; MMD-VAE is kl_weight = 0.
///
/// - `lambda`: finite and not negative, default 1000
/// - `kl_weight`: finite and not negative, default 1
/// - `kernel`, `bandwidth`: default kRbf and 1; the bandwidth is positive, in units of the prior's standard deviation
///
/// The draws are those of the run's seed and the step. Reports the part "mmd". Throws std::invalid_argument from
/// validate(). prepare() allocates about (3 M + B) B numbers. Computes in double; threads share the B^2 pairs.
struct Mmd {
  double lambda = 1000.0;
  double kl_weight = 1.0;
  MmdKernel kernel = MmdKernel::kRbf;
  double bandwidth = 1.0;

  static constexpr std::string_view kName = "mmd";

  void validate() const {
    for (const double weight : {lambda, kl_weight})
      if (!(weight >= 0) || !std::isfinite(weight))
        throw std::invalid_argument("Mmd: lambda and kl_weight must be finite and not negative");
    if (!(bandwidth > 0) || !std::isfinite(bandwidth * bandwidth) || !(bandwidth * bandwidth > 0))
      throw std::invalid_argument("Mmd: bandwidth must be positive and finite, and its square too");
    if (kernel > MmdKernel::kInverseMultiquadratic) throw std::invalid_argument("Mmd: there is no such kernel");
  }

  template <class Scalar>
  void prepare(DivergenceTerms<Scalar>& terms) const {
    terms.scratch.resize(static_cast<std::size_t>(Layout::size(terms.latents(), terms.capacity())));
    terms.d_z.resize(terms.latents(), terms.capacity());
    terms.parts = {{"mmd", 0}};
  }

  template <class Posterior, class Progress, class Scalar>
  void operator()(const Pass& pass, const Posterior& q, ConstView<Scalar> z, const Progress& progress,
                  DivergenceTerms<Scalar>& terms) const {
    const Index latents = q.latents();
    const Index samples = q.samples();
    const Layout at(terms.scratch_of(Layout::size(latents, samples)), latents, samples);
    const RandomStream prior(terms.context.seed, Stream::kPrior, static_cast<std::uint64_t>(progress.step));
    pass.for_own_shards([&](Shard shard) {
      for (Index s = shard.first; s < shard.first + shard.count; ++s) {
        double* const draw = at.slopes + 2 * s * latents;
        prior.normal(static_cast<std::uint32_t>(s), std::span<double>(draw, static_cast<std::size_t>(latents)));
        for (Index d = 0; d < latents; ++d) {
          at.z[d * at.stride + s] = static_cast<double>(z(d, s));
          at.prior[d * at.stride + s] = draw[d];
        }
      }
    });
    if (pass.member().rank() == 0) {
      for (Index d = 0; d < latents; ++d)
        for (Index s = samples; s < at.stride; ++s) at.z[d * at.stride + s] = at.prior[d * at.stride + s] = 0;
      q.kl_per_latent(terms.kl_per_latent);
      terms.weight.setConstant(kl_weight);
      q.kl_gradient(terms.weight, terms.d_mu_of(samples), terms.d_log_variance_of(samples));
    }
    pass.member().barrier();
    pass.for_own_shards([&](Shard shard) {
      for (Index s = shard.first; s < shard.first + shard.count; ++s) compare(s, latents, samples, at, terms);
    });
    pass.member().barrier();
    if (pass.member().rank() != 0) return;
    double sum = 0;
    for (Index s = 0; s < samples; ++s) sum += at.sums[s];
    terms.parts[0].value = sum / pairs(samples);
    terms.value = rounded(kl_weight * terms.kl()) + rounded(lambda * terms.parts[0].value);
  }

 private:
  /// Where everything lies in the scratch: z and the draws latent by latent, `stride` values each; then sample by
  /// sample.
  struct Layout {
    Layout(double* base, Index latents, Index samples)
        : stride(stride_of(samples)),
          z(base),
          prior(z + latents * stride),
          rows(prior + latents * stride),
          slopes(rows + samples * stride),
          sums(slopes + 2 * latents * samples) {}
    static Index stride_of(Index samples) { return (samples + 15) / 16 * 16; }
    static Index size(Index latents, Index samples) {
      return (2 * latents + samples) * stride_of(samples) + (2 * latents + 1) * samples;
    }
    Index stride;
    double *z, *prior, *rows, *slopes, *sums;
  };

  static double pairs(Index samples) { return static_cast<double>(samples) * static_cast<double>(samples); }

  /// What sample s and draw s add to the sum of all pairs, and the gradient of z_s.
  template <class Scalar>
  void compare(Index s, Index latents, Index samples, const Layout& at, DivergenceTerms<Scalar>& terms) const {
    const double inverse_scale = 0.5 / (static_cast<double>(latents) * (bandwidth * bandwidth));
    const kernels::DistanceKernel k{inverse_scale, kernel == MmdKernel::kInverseMultiquadratic};
    double* const row = at.rows + s * at.stride;
    double* const to_z = at.slopes + 2 * s * latents;
    double* const to_prior = to_z + latents;
    const auto sum = [&](const double* x, const double* others, double* slopes) {
      return kernels::kernel_sum(latents, samples, at.stride, x + s, others, k, row, slopes);
    };
    const double cross = sum(at.z, at.prior, to_prior);
    at.sums[s] = (sum(at.z, at.z, to_z) - cross) + (sum(at.prior, at.prior, nullptr) - cross);
    const double scale = -2 * inverse_scale * (2 * lambda / pairs(samples));
    for (Index d = 0; d < latents; ++d) terms.d_z(d, s) = static_cast<Scalar>(scale * (to_z[d] - to_prior[d]));
  }
};

}  // namespace bvae
