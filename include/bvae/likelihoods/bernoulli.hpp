#pragma once

#include <algorithm>
#include <span>
#include <stdexcept>
#include <string_view>

#include "bvae/core/concepts.hpp"
#include "bvae/core/message.hpp"
#include "bvae/kernels/activations.hpp"
#include "bvae/kernels/likelihoods.hpp"
#include "bvae/kernels/math.hpp"

namespace bvae {

/// Bernoulli pixels, binary cross-entropy on logits l (the decoder ends without a sigmoid):
///
///   -log p(x|l) = sum over features of max(l, 0) - l x + log1p(e^-|l|),   gradient sigmoid(l) - x.
///
/// Targets in [0, 1]. On grey targets the value is not a normalised likelihood and its floor is the targets' entropy,
/// so it cannot be compared with results on binarised images (see Binarization); `entropy` gives that floor. How to
/// write a likelihood with plain loops: examples/extending.
struct Bernoulli {
  static constexpr std::string_view kName = "bernoulli";
  static constexpr Index kOutputsPerFeature = 1;
  static constexpr kernels::Activation kMeanActivation = kernels::Activation::kSigmoid;  ///< what mean() does

  /// values[s] = negative log-likelihood of sample s in nats; gradient = weight times its gradient with respect to the
  /// logits.
  template <class Scalar>
  void operator()(ConstView<Scalar> target, ConstView<Scalar> logits, Scalar weight, std::span<double> values,
                  View<Scalar> gradient) const {
    kernels::bernoulli(target.rows(), target.cols(), target.data(), logits.data(), weight, values.data(),
                       gradient.data());
  }

  /// values[s] = the smallest value that any logits give sample s, in nats: the sum over features of its entropy
  /// -x log x - (1 - x) log(1 - x). 0 for binary targets. For a data set: entropy_floor.
  template <class Scalar>
  static void entropy(ConstView<Scalar> target, std::span<double> values) {
    kernels::binary_entropy(target.rows(), target.cols(), target.data(), values.data());
  }

  /// Logits to probabilities, in place.
  template <class Scalar>
  void mean(View<Scalar> output) const {
    kernels::activate<kernels::Activation::kSigmoid>(output.size(), output.data(), output.data(), Scalar(0));
  }
  /// The logit of the mean, which is first brought into [0.001, 0.999].
  [[nodiscard]] double output_for_mean(double mean) const {
    const double p = std::clamp(mean, 0.001, 0.999);
    const double odds = p / (1 - p);
    double logit = 0;
    kernels::apply<kernels::Elementary::kLog>(1, &odds, &logit);
    return logit;
  }

  void check_targets(double minimum, double maximum) const {
    if (minimum < 0 || maximum > 1)
      throw std::invalid_argument(
          message("Bernoulli: the data must lie in [0, 1], they lie in [", minimum, ", ", maximum, ']'));
  }
};

}  // namespace bvae
