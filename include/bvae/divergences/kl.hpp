#pragma once

#include <cmath>
#include <stdexcept>
#include <string_view>

#include "bvae/divergences/divergence_terms.hpp"
#include "bvae/divergences/free_bits.hpp"

namespace bvae {

/// KL(q(z|x) || N(0, I)) with free bits; by default in the form of Kingma et al. 2016 (section on free bits), each
/// latent being its own group:
///
///   value = sum over latents d of max(free_bits, batch mean of KL_d).
///
/// The floor is in nats of the plain KL, it is applied before beta. A latent at or below its floor gets no gradient
/// from this term, for the whole batch. free_bits = 0 is the plain KL. See FreeBits for the other forms:
///
///     Kl{.free_bits = 3.0, .form = FreeBits::kPerSample}
struct Kl {
  double free_bits = 0.0;                ///< floor in nats, >= 0, of what the form clamps
  FreeBits form = FreeBits::kPerLatent;  ///< what the floor is a floor of

  static constexpr std::string_view kName = "kl";

  void validate() const {
    if (!(free_bits >= 0) || !std::isfinite(free_bits))
      throw std::invalid_argument("Kl: free_bits must be finite and not negative");
    if (form > FreeBits::kMaskTotal) throw std::invalid_argument("Kl: there is no such form of free bits");
  }

  /// Allocates memory for the KL of each sample where the form needs it.
  template <class Scalar>
  void prepare(DivergenceTerms<Scalar>& terms) const {
    if (decides_by_sample()) terms.scratch.resize(static_cast<std::size_t>(terms.latents() * terms.capacity()));
  }

  template <class Posterior, class Progress, class Scalar>
  void operator()(const Posterior& q, const Progress&, DivergenceTerms<Scalar>& terms) const {
    q.kl_per_latent(terms.kl_per_latent);
    terms.value = 0;
    if (form == FreeBits::kPerLatent) {
      for (Index d = 0; d < q.latents(); ++d) {
        const double kl = terms.kl_per_latent[d];
        terms.weight[d] = clamps(kl, free_bits) ? 0.0 : 1.0;
        terms.value += clamped(kl, free_bits);
      }
    } else {
      const double total = terms.kl();
      terms.weight.setConstant(!decides_by_sample() && clamps(total, free_bits) ? 0.0 : 1.0);
      terms.value = clamped(total, free_bits);
    }
    q.kl_gradient(terms.weight, terms.d_mu_of(q.samples()), terms.d_log_variance_of(q.samples()));
    if (decides_by_sample()) clamp_samples(q, terms);
  }

 private:
  [[nodiscard]] bool decides_by_sample() const {
    return form != FreeBits::kPerLatent && form != FreeBits::kTotal && form != FreeBits::kMaskTotal;
  }
  [[nodiscard]] bool masks() const { return form >= FreeBits::kMaskPerSample; }

  /// NaN is not clamped: it must reach the loss.
  static bool clamps(double kl, double floor) { return floor > 0 && kl <= floor; }
  [[nodiscard]] double clamped(double kl, double floor) const {
    return !clamps(kl, floor) ? kl : masks() ? 0.0 : floor;
  }

  /// The forms that decide sample by sample: the value anew, and no gradient for what is clamped.
  template <class Posterior, class Scalar>
  void clamp_samples(const Posterior& q, DivergenceTerms<Scalar>& terms) const {
    const Index latents = q.latents();
    const bool by_latent = form == FreeBits::kPerSampleAndLatent || form == FreeBits::kMaskPerSampleAndLatent;
    const double floor =
        form == FreeBits::kMaskPerSampleAndLatent ? free_bits / static_cast<double>(latents) : free_bits;
    double* kl = terms.scratch_of(latents * q.samples());
    q.kl_values(View<double>(kl, latents, q.samples()));
    terms.value = 0;
    for (Index s = 0; s < q.samples(); ++s, kl += latents)
      for (Index first = 0, count = by_latent ? 1 : latents; first < latents; first += count) {
        double group = 0;
        for (Index d = first; d < first + count; ++d) group += kl[d];
        terms.value += clamped(group, floor);
        if (!clamps(group, floor)) continue;
        for (Index d = first; d < first + count; ++d) terms.d_mu(d, s) = terms.d_log_variance(d, s) = Scalar(0);
      }
    terms.value /= static_cast<double>(q.samples());
  }
};

}  // namespace bvae
