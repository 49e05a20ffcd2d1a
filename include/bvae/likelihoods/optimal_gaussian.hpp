#pragma once

#include <cmath>
#include <numbers>
#include <span>
#include <string_view>

#include "bvae/core/concepts.hpp"
#include "bvae/core/rounding.hpp"
#include "bvae/kernels/likelihoods.hpp"
#include "bvae/kernels/math.hpp"

namespace bvae {

/// Gaussian pixels with the standard deviation that suits the batch best: optimal sigma-VAE (Rybkin, Daniilidis, Levine
/// 2021, section 4.2). With m the mean over the batch of the squared error summed over N features, sigma^2 = m / N and
///
///   value = N / 2 (log(m / N) + 1),   gradient N / (2 m) times that of m.
///
/// This is the batch's mean of sum (x - y)^2 / (2 sigma^2) + N log sigma, a function of the whole batch
/// (BatchLikelihood). The gradient is the same with sigma held fixed, because sigma is at its optimum. An evaluation
/// takes m over the whole data set, so it does not depend on the batch's size. The value leaves out features *
/// log(2 pi) / 2, which `constant(features)` gives.
///
/// Where all pixels are exact the density has no bound, and training ends with a DivergedError.
struct OptimalGaussian {
  static constexpr std::string_view kName = "optimal-gaussian";
  static constexpr Index kOutputsPerFeature = 1;

  /// values[s] = squared error of sample s; gradient = weight times its gradient.
  template <class Scalar>
  void operator()(ConstView<Scalar> target, ConstView<Scalar> output, Scalar weight, std::span<double> values,
                  View<Scalar> gradient) const {
    kernels::squared_error(target.rows(), target.cols(), target.data(), output.data(), 1.0, Scalar(2) * weight,
                           values.data(), gradient.data());
  }

  /// In nats without the constant, from the mean of the squared errors.
  [[nodiscard]] double value(double mean, Index features) const {
    const double n = static_cast<double>(features);
    const double variance = mean / n;
    double log_variance;
    kernels::apply<kernels::Elementary::kLog>(1, &variance, &log_variance);
    return rounded(0.5 * n * (log_variance + 1.0));
  }
  /// The sigma that was best, from that value.
  [[nodiscard]] double sigma(double value, Index features) const {
    const double log_sigma = rounded(value / static_cast<double>(features)) - 0.5;
    double result;
    kernels::apply<kernels::Elementary::kExp>(1, &log_sigma, &result);
    return result;
  }
  /// The derivative of `value`.
  [[nodiscard]] double slope(double mean, Index features) const { return 0.5 * static_cast<double>(features) / mean; }

  /// The output is the mean already.
  template <class Scalar>
  void mean(View<Scalar>) const {}
  [[nodiscard]] double output_for_mean(double mean) const { return mean; }

  void check_targets(double, double) const {}

  /// What the value leaves out, in nats.
  [[nodiscard]] double constant(Index features) const {
    return static_cast<double>(features) * 0.5 * std::log(2.0 * std::numbers::pi);
  }
};

}  // namespace bvae
