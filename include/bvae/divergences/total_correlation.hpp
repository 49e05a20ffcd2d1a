#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <stdexcept>
#include <string_view>

#include "bvae/core/batch.hpp"
#include "bvae/core/message.hpp"
#include "bvae/core/rounding.hpp"
#include "bvae/divergences/divergence_terms.hpp"
#include "bvae/divergences/minibatch_estimator.hpp"
#include "bvae/kernels/math.hpp"
#include "bvae/kernels/pairwise.hpp"

namespace bvae {

/// The KL in three parts with weights of their own: the beta-TCVAE of Chen et al. 2018 ("Isolating sources of
/// disentanglement in variational autoencoders", eq. 4).
///
///     value = alpha I(z; n) + beta_tc KL(q(z) || prod_d q(z_d)) + gamma sum_d KL(q(z_d) || p(z_d))
///
/// (mutual information of latents and data, total correlation, dimension-wise KL). The densities of q(z) are estimated
/// at the samples z_i of the batch, over the posteriors q_j of the same batch, with weights W_ij:
///
///     q(z_i) = sum_j W_ij prod_d q_j(z_id),      q(z_id) = sum_j W_ij q_j(z_id).
///
/// The weights are the estimator's: see MinibatchEstimator. The three parts add up to log q(z_i|x_i) - log p(z_i), mean
/// over the batch, whatever the weights are.
///
/// - `alpha`, `beta_tc`, `gamma`: finite and not negative, defaults 1, 6, 1 (the paper's for dSprites). Beta of the
///   schedule multiplies all three: train with Constant{1}, or warm up to 1
/// - `data_size`: samples of the data set, N; default 0: what the trainer trains on
///
/// Reports the parts "mutual_information", "total_correlation" and "dimension_wise_kl" (unweighted, nats; estimates
/// from small batches are far off: with the stratified weights the first is at most log N, and all are right where all
/// q_j are equal). Throws std::invalid_argument from validate(), and from prepare() if the data set's size is not known
/// or smaller than a batch. prepare() allocates about (10 M + B) B numbers. Computes in double; the B^2 (M + 1)
/// exponentials are shared by the threads.
struct TotalCorrelation {
  double alpha = 1.0;
  double beta_tc = 6.0;
  double gamma = 1.0;
  MinibatchEstimator estimator = MinibatchEstimator::kStratified;
  Index data_size = 0;

  static constexpr std::string_view kName = "total-correlation";

  void validate() const {
    for (const double weight : {alpha, beta_tc, gamma})
      if (!(weight >= 0) || !std::isfinite(weight))
        throw std::invalid_argument("TotalCorrelation: alpha, beta_tc and gamma must be finite and not negative");
    if (data_size < 0) throw std::invalid_argument("TotalCorrelation: data_size must not be negative");
  }

  template <class Scalar>
  void prepare(DivergenceTerms<Scalar>& terms) const {
    if (size_of_data(terms) < std::max<Index>(1, terms.capacity()))
      throw std::invalid_argument(message("TotalCorrelation: data_size must be the number of samples of the data set, ",
                                          "at least a batch of ", terms.capacity(), ", not ", size_of_data(terms)));
    terms.scratch.resize(static_cast<std::size_t>(Layout(nullptr, terms.latents(), terms.capacity()).size));
    terms.d_z.resize(terms.latents(), terms.capacity());
    terms.parts = {{"mutual_information", 0}, {"total_correlation", 0}, {"dimension_wise_kl", 0}};
  }

  /// Three rounds: the posteriors' constants, latent by latent; the joint density, sample by sample; the marginal ones
  /// and the gradients, latent by latent.
  template <class Posterior, class Progress, class Scalar>
  void operator()(const Pass& pass, const Posterior& q, ConstView<Scalar> z, const Progress&,
                  DivergenceTerms<Scalar>& terms) const {
    const Index latents = q.latents();
    const Index samples = q.samples();
    const Layout at(terms.scratch_of(Layout(nullptr, latents, samples).size), latents, samples);
    const auto for_own_latents = [&](auto&& function) {
      for (Index d = pass.member().rank(); d < latents; d += pass.member().size()) function(d);
    };
    if (pass.member().rank() == 0) {
      q.kl_per_latent(terms.kl_per_latent);
      fill_log_weights(estimator, samples, size_of_data(terms),
                       std::span<double>(at.log_weights, static_cast<std::size_t>(2 * samples + kLanes)));
    }
    for_own_latents([&](Index d) { set_densities(d, q, z, at); });
    pass.member().barrier();
    pass.for_own_shards([&](Shard s) {
      for (Index i = s.first; i < s.first + s.count; ++i) set_joint(i, latents, samples, at);
    });
    pass.member().barrier();
    for_own_latents([&](Index d) { set_marginal(d, samples, at, terms); });
    pass.member().barrier();
    if (pass.member().rank() == 0) set_value(latents, samples, at, terms);
  }

 private:
  static constexpr Index kLanes = 16;

  /// Where everything lies in the scratch. Arrays of a latent or of a row are `stride` long.
  struct Layout {
    Layout(double* base, Index latents, Index samples) : stride((samples + kLanes - 1) / kLanes * kLanes) {
      const auto take = [&](Index count) {
        double* const first = base == nullptr ? nullptr : base + size;
        size += (count + kLanes - 1) / kLanes * kLanes;
        return first;
      };
      for (double** array :
           {&z, &mean, &half_precision, &log_scale, &d_z, &d_mean, &d_log_variance, &row, &maxima, &sums})
        *array = take(latents * stride);
      joint = take(samples * stride);
      joint_maxima = take(samples);
      joint_sums = take(samples);
      log_weights = take(2 * samples + kLanes);
      conditional = take(latents);
      prior = take(latents);
      marginal = take(latents);
    }
    Index stride;
    Index size = 0;
    double *z, *mean, *half_precision, *log_scale, *d_z, *d_mean, *d_log_variance, *row, *maxima, *sums;
    double *joint, *joint_maxima, *joint_sums, *log_weights;
    double *conditional, *prior, *marginal;  // of each latent: sums over the samples of the log densities
    [[nodiscard]] kernels::Densities densities(Index d) const {
      return {mean + d * stride, half_precision + d * stride, log_scale + d * stride};
    }
  };

  template <class Scalar>
  [[nodiscard]] Index size_of_data(const DivergenceTerms<Scalar>& terms) const {
    return data_size > 0 ? data_size : terms.context.data_size;
  }

  /// The arrays of latent d. Constants (2 pi)^(-1/2) are left out everywhere: they cancel in each of the parts.
  template <class Posterior, class View>
  static void set_densities(Index d, const Posterior& q, const View& z, const Layout& at) {
    constexpr double kNoDensity = -1e300;
    const Index first = d * at.stride;
    double conditional = 0;
    double prior = 0;
    for (Index s = 0; s < q.samples(); ++s) {
      at.z[first + s] = static_cast<double>(z(d, s));
      at.mean[first + s] = static_cast<double>(q.mu()(d, s));
      at.log_scale[first + s] = -0.5 * static_cast<double>(q.log_variance()(d, s));
      at.half_precision[first + s] = 2 * at.log_scale[first + s];
    }
    for (Index s = q.samples(); s < at.stride; ++s) {
      at.z[first + s] = at.mean[first + s] = at.half_precision[first + s] = 0;
      at.log_scale[first + s] = kNoDensity;
    }
    kernels::apply<kernels::Elementary::kExp>(q.samples(), at.half_precision + first, at.half_precision + first);
    for (Index s = 0; s < q.samples(); ++s) {
      const Index i = first + s;
      at.half_precision[i] *= 0.5;
      const double t = at.z[i] - at.mean[i];
      conditional += at.log_scale[i] - rounded(t * t * at.half_precision[i]);
      prior -= rounded(at.z[i] * at.z[i]) * 0.5;
    }
    at.conditional[d] = conditional;
    at.prior[d] = prior;
    for (Index s = 0; s < at.stride; ++s) at.d_z[first + s] = at.d_mean[first + s] = at.d_log_variance[first + s] = 0;
  }

  /// Row i of the derivatives with respect to log q_j(z_id) that are the same for all latents d.
  void set_joint(Index i, Index latents, Index samples, const Layout& at) const {
    const double batch = static_cast<double>(samples);
    double* const row = at.joint + i * at.stride;
    at.joint_maxima[i] = kernels::joint_softmax(latents, at.stride, at.z + i, at.densities(0),
                                                at.log_weights + samples - i, row, at.joint_sums[i]);
    const double scale = (beta_tc - alpha) / batch;
    for (Index j = 0; j < at.stride; ++j) row[j] *= scale;
    row[i] = rounded(row[i]) + alpha / batch;
  }

  template <class Scalar>
  void set_marginal(Index d, Index samples, const Layout& at, DivergenceTerms<Scalar>& terms) const {
    const double batch = static_cast<double>(samples);
    const Index first = d * at.stride;
    double* const maxima = at.maxima + first;
    double* const sums = at.sums + first;
    kernels::marginal_softmax(samples, at.stride, at.z + first, at.densities(d), at.log_weights + samples, at.joint,
                              (gamma - beta_tc) / batch, at.row + first, maxima, sums,
                              {at.d_z + first, at.d_mean + first, at.d_log_variance + first});
    at.marginal[d] = sum_of_logs(samples, maxima, sums);
    const double pull = gamma / batch;  // of the prior
    for (Index s = 0; s < samples; ++s) {
      terms.d_z(d, s) = static_cast<Scalar>(at.d_z[first + s] + rounded(pull * at.z[first + s]));
      terms.d_mu(d, s) = static_cast<Scalar>(at.d_mean[first + s]);
      terms.d_log_variance(d, s) = static_cast<Scalar>(at.d_log_variance[first + s]);
    }
  }

  template <class Scalar>
  void set_value(Index latents, Index samples, const Layout& at, DivergenceTerms<Scalar>& terms) const {
    const double batch = static_cast<double>(samples);
    const double joint = sum_of_logs(samples, at.joint_maxima, at.joint_sums);
    double conditional = 0;
    double prior = 0;
    double marginal = 0;
    for (Index d = 0; d < latents; ++d) {
      conditional += at.conditional[d];
      prior += at.prior[d];
      marginal += at.marginal[d];
    }
    const double parts[] = {(conditional - joint) / batch, (joint - marginal) / batch, (marginal - prior) / batch};
    terms.value = rounded(alpha * parts[0]) + rounded(beta_tc * parts[1]) + rounded(gamma * parts[2]);
    for (std::size_t k = 0; k < 3; ++k) terms.parts[k].value = parts[k];
  }

  /// The sum of maxima[i] + log(sums[i]), in order; overwrites the sums.
  static double sum_of_logs(Index count, const double* maxima, double* sums) {
    kernels::apply<kernels::Elementary::kLog>(count, sums, sums);
    double sum = 0;
    for (Index i = 0; i < count; ++i) sum += maxima[i] + sums[i];
    return sum;
  }
};

}  // namespace bvae
