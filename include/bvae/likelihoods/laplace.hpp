#pragma once

#include <cmath>
#include <span>
#include <stdexcept>
#include <string_view>

#include "bvae/core/concepts.hpp"
#include "bvae/kernels/activations.hpp"
#include "bvae/kernels/likelihoods.hpp"

namespace bvae {

/// Laplace pixels with a fixed scale b, y = decoder output:
///
///   value = sum over features of |x - y| / b,   gradient sign(y - x) / b, 0 where y = x.
///
/// The density is that of PyTorch's page torch.distributions.Laplace, e^(-|x - y| / b) / (2 b). b = 1 gives the
/// absolute error, what people call L1 (summed over features; torch.nn.L1Loss with reduction="sum"). The value leaves
/// out the constant of the density, features * log(2 b); `constant(features)` gives it.
struct Laplace {
  double scale = 1.0;  ///< b, > 0; the standard deviation of a pixel is sqrt(2) b

  static constexpr std::string_view kName = "laplace";
  static constexpr Index kOutputsPerFeature = 1;
  static constexpr kernels::Activation kMeanActivation = kernels::Activation::kIdentity;  ///< what mean() does

  void validate() const {
    if (!(scale > 0) || !std::isfinite(scale))
      throw std::invalid_argument("Laplace: scale must be positive and finite");
  }

  /// values[s] = negative log-likelihood of sample s in nats without the constant; gradient = weight times its
  /// gradient.
  template <class Scalar>
  void operator()(ConstView<Scalar> target, ConstView<Scalar> output, Scalar weight, std::span<double> values,
                  View<Scalar> gradient) const {
    kernels::absolute_error(target.rows(), target.cols(), target.data(), output.data(), 1.0 / scale,
                            static_cast<Scalar>(static_cast<double>(weight) / scale), values.data(), gradient.data());
  }

  /// The output is the mean already.
  template <class Scalar>
  void mean(View<Scalar>) const {}
  [[nodiscard]] double output_for_mean(double mean) const { return mean; }

  void check_targets(double, double) const {}

  /// What the value leaves out, in nats.
  [[nodiscard]] double constant(Index features) const { return static_cast<double>(features) * std::log(2.0 * scale); }
};

}  // namespace bvae
