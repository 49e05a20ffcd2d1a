#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <stdexcept>
#include <string_view>

#include "bvae/core/concepts.hpp"
#include "bvae/kernels/likelihoods.hpp"

namespace bvae {

/// Gaussian pixels whose variance comes from the decoder too (Kingma, Welling 2014, appendix C.2): a mean y and a raw
/// log variance r for each value.
///
///   value = sum over features of ((x - y)^2 e^-v + v) / 2,   v = minimum + softplus(r - minimum)
///   gradients (y - x) e^-v and (1 - (x - y)^2 e^-v) / 2 * sigmoid(r - minimum)
///
/// Without a bound the value has none either: a pixel that is the same in all images (the border of a digit) is met
/// exactly, and its variance falls for ever. So v is bounded below, softly, as in Chua, Calandra, McAllister, Levine
/// 2018 (appendix A.1; theirs is learned, and there is one above too). It keeps e^-v, and with it value and gradient,
/// in range wherever the decoder wanders, and unlike a clamp it has an exact gradient that is never cut to 0: far above
/// the minimum v = r, below it the pull weakens as e^(r - minimum). A large v does no harm and has no bound. The value
/// leaves out features * log(2 pi) / 2, which `constant(features)` gives.
///
/// A decoder that returns an image has 2 C channels for C of the input: the means, then the log variances. One that
/// returns features has the means of all values, then the log variances.
struct GaussianPerPixel {
  double min_log_variance = -12.0;  ///< finite; sigma stays above e^(min_log_variance / 2) = 0.0025

  static constexpr std::string_view kName = "gaussian-per-pixel";
  static constexpr Index kOutputsPerFeature = 2;

  void validate() const {
    if (!(std::abs(min_log_variance) <= 60))  // e^60 is still a float, and so is its product with what is usual
      throw std::invalid_argument("GaussianPerPixel: min_log_variance must lie in [-60, 60]");
  }

  /// values[s] = negative log-likelihood of sample s in nats without the constant; gradient = weight times its
  /// gradient. `block`: as BlockLikelihood says.
  template <class Scalar>
  void operator()(ConstView<Scalar> target, ConstView<Scalar> output, Scalar weight, std::span<double> values,
                  View<Scalar> gradient, Index block) const {
    kernels::gaussian_per_pixel(target.rows(), block, target.cols(), target.data(), output.data(),
                                static_cast<Scalar>(min_log_variance), weight, values.data(), gradient.data());
  }

  /// Moves the means to the first half of each column, in place.
  template <class Scalar>
  void mean(View<Scalar> output, Index block) const {
    for (Index s = 0; s < output.cols(); ++s) {
      Scalar* const column = output.col(s).data();
      for (Index first = block; 2 * first < output.rows(); first += block)
        std::copy_n(column + 2 * first, block, column + first);
    }
  }

  void check_targets(double, double) const {}

  /// What the value leaves out, in nats.
  [[nodiscard]] double constant(Index features) const {
    return static_cast<double>(features) * 0.5 * std::log(2.0 * std::numbers::pi);
  }
};

}  // namespace bvae
