#pragma once

#include <cmath>
#include <numbers>
#include <span>
#include <stdexcept>
#include <string_view>

#include "bvae/core/concepts.hpp"
#include "bvae/kernels/activations.hpp"
#include "bvae/kernels/likelihoods.hpp"

namespace bvae {

/// Gaussian pixels with a fixed standard deviation sigma, y = decoder output:
///
///   value = sum over features of (x - y)^2 / (2 sigma^2),   gradient (y - x) / sigma^2.
///
/// It is the negative log-likelihood of Bishop 2006 ("Pattern recognition and machine learning", equation 1.62), as on
/// PyTorch's page torch.nn.GaussianNLLLoss for a constant variance. sigma = 1 gives half of the squared error, what
/// people call MSE (summed over features, so beta keeps its meaning).
/// The value leaves out the constant of the density, features * (log sigma + log(2 pi) / 2); `constant(features)` gives
/// it.
struct Gaussian {
  double sigma = 1.0;  ///< standard deviation of a pixel, > 0

  static constexpr std::string_view kName = "gaussian";
  static constexpr Index kOutputsPerFeature = 1;
  static constexpr kernels::Activation kMeanActivation = kernels::Activation::kIdentity;  ///< what mean() does

  void validate() const {
    if (!(sigma > 0) || !std::isfinite(sigma))
      throw std::invalid_argument("Gaussian: sigma must be positive and finite");
  }

  /// values[s] = negative log-likelihood of sample s in nats without the constant; gradient = weight times its
  /// gradient.
  template <class Scalar>
  void operator()(ConstView<Scalar> target, ConstView<Scalar> output, Scalar weight, std::span<double> values,
                  View<Scalar> gradient) const {
    const double half_precision = 0.5 / (sigma * sigma);
    const Scalar scale = static_cast<Scalar>(2.0 * half_precision * static_cast<double>(weight));
    kernels::squared_error(target.rows(), target.cols(), target.data(), output.data(), half_precision, scale,
                           values.data(), gradient.data());
  }

  /// The output is the mean already.
  template <class Scalar>
  void mean(View<Scalar>) const {}
  [[nodiscard]] double output_for_mean(double mean) const { return mean; }

  void check_targets(double, double) const {}

  /// What the value leaves out, in nats.
  [[nodiscard]] double constant(Index features) const {
    return static_cast<double>(features) * (std::log(sigma) + 0.5 * std::log(2.0 * std::numbers::pi));
  }
};

}  // namespace bvae
