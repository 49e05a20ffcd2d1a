#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "bvae/core/concepts.hpp"
#include "bvae/core/elementary.hpp"

namespace bvae {

/// Bernoulli pixels, binary cross-entropy on logits l (the decoder ends without a sigmoid):
///
///   -log p(x|l) = sum over features of max(l, 0) - l x + log1p(e^-|l|),   gradient sigmoid(l) - x.
///
/// Targets in [0, 1]. On grey targets the value is not a normalised likelihood and its floor is the targets' entropy,
/// so it cannot be compared with results on binarised images (see Binarization). The one to copy.
struct Bernoulli {
  static constexpr std::string_view kName = "bernoulli";
  static constexpr Index kOutputsPerFeature = 1;

  /// values[s] = negative log-likelihood of sample s in nats; gradient = weight times its gradient with respect to the
  /// logits.
  template <class Scalar>
  void operator()(ConstView<Scalar> target, ConstView<Scalar> logits, Scalar weight, std::span<double> values,
                  View<Scalar> gradient) const {
    const auto n = static_cast<std::size_t>(target.rows());
    for (Index s = 0; s < target.cols(); ++s) {
      // The gradient's column holds e^-|l| until it becomes the gradient.
      gradient.col(s).array() = (-logits.col(s).array().abs()).exp();
      const Scalar* l = logits.col(s).data();
      const Scalar* x = target.col(s).data();
      Scalar* g = gradient.col(s).data();
      double lanes[kLanes] = {};
      std::size_t i = 0;
      for (; i + kLanes <= n; i += kLanes)
        for (std::size_t k = 0; k < kLanes; ++k) lanes[k] += one(l[i + k], x[i + k], weight, g[i + k]);
      for (std::size_t k = 0; k < n % kLanes; ++k) lanes[k] += one(l[i + k], x[i + k], weight, g[i + k]);
      double sum = 0;
      for (const double lane : lanes) sum += lane;
      values[static_cast<std::size_t>(s)] = sum;
    }
  }

  /// Logits to probabilities, in place.
  template <class Scalar>
  void mean(View<Scalar> output) const {
    output.array() = (Scalar(1) + (-output.array()).exp()).inverse();
  }

  void check_targets(double minimum, double maximum) const {
    if (minimum < 0 || maximum > 1)
      throw std::invalid_argument("Bernoulli: the data must lie in [0, 1], they lie in [" + std::to_string(minimum) +
                                  ", " + std::to_string(maximum) + "]");
  }

 private:
  static constexpr std::size_t kLanes = 16;

  /// One feature: returns its value; `g` holds e^-|l| and becomes the gradient.
  template <class Scalar>
  static double one(Scalar l, Scalar x, Scalar weight, Scalar& g) {
    const Scalar e = g;
    const Scalar value = std::max(l, Scalar(0)) - l * x + detail::log1p_of_unit(e);
    g = weight * ((l >= 0 ? Scalar(1) : e) / (Scalar(1) + e) - x);
    return static_cast<double>(value);
  }
};

}  // namespace bvae
