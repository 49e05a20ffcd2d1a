#pragma once

#include <cmath>
#include <numbers>
#include <span>
#include <stdexcept>
#include <string_view>

#include "bvae/core/concepts.hpp"
#include "bvae/kernels/likelihoods.hpp"
#include "bvae/kernels/math.hpp"

namespace bvae {

/// Gaussian pixels with one learned standard deviation for all of them: sigma-VAE (Rybkin, Daniilidis, Levine 2021).
/// The decoder ends in SharedLogSigma, which brings the learned value r along. y = the other outputs, N features:
///
///   value = sum over features of (x - y)^2 / (2 sigma^2) + N log sigma,
///   log sigma = minimum + softplus(r - minimum)
///   gradients (y - x) / sigma^2 and (N - sum of (x - y)^2 / sigma^2) sigmoid(r - minimum)
///
/// The soft lower bound is the authors' ("softclip"); GaussianPerPixel says what it is for. The value leaves out
/// features * log(2 pi) / 2, which `constant(features)` gives. With beta = 1 sigma balances the two terms by itself:
/// the effective beta of a Gaussian with sigma = 1 is sigma^2.
struct LearnedGaussian {
  double min_log_sigma = -6.0;  ///< finite; sigma stays above e^min_log_sigma = 0.0025

  static constexpr std::string_view kName = "learned-gaussian";
  static constexpr Index kOutputsPerFeature = 1;
  static constexpr Index kSharedOutputs = 1;

  void validate() const {
    if (!(std::abs(min_log_sigma) <= 30))
      throw std::invalid_argument("LearnedGaussian: min_log_sigma must lie in [-30, 30]");
  }

  /// values[s] = negative log-likelihood of sample s in nats without the constant; gradient = weight times its
  /// gradient.
  template <class Scalar>
  void operator()(ConstView<Scalar> target, ConstView<Scalar> output, Scalar weight, std::span<double> values,
                  View<Scalar> gradient) const {
    kernels::gaussian_with_log_sigma(target.rows(), target.cols(), target.data(), output.data(), min_log_sigma, weight,
                                     values.data(), gradient.data());
  }

  /// The sigma that a learned value r stands for: that of the decoder's parameter `log_sigma`.
  [[nodiscard]] double sigma(double r) const {
    double log_sigma = r - min_log_sigma;
    kernels::apply<kernels::Elementary::kSoftplus>(1, &log_sigma, &log_sigma);
    log_sigma += min_log_sigma;
    double result;
    kernels::apply<kernels::Elementary::kExp>(1, &log_sigma, &result);
    return result;
  }

  /// The first rows are the mean already.
  template <class Scalar>
  void mean(View<Scalar>) const {}

  void check_targets(double, double) const {}

  /// What the value leaves out, in nats.
  [[nodiscard]] double constant(Index features) const {
    return static_cast<double>(features) * 0.5 * std::log(2.0 * std::numbers::pi);
  }
};

}  // namespace bvae
