#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "bvae/core/concepts.hpp"

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
    for (Index s = 0; s < target.cols(); ++s) {
      const auto l = logits.col(s).array();
      const auto x = target.col(s).array();
      auto e = gradient.col(s).array();  // holds e^-|l| until it becomes the gradient
      e = (-l.abs()).exp();
      values[static_cast<std::size_t>(s)] = (l.max(Scalar(0)) - l * x + e.log1p()).template cast<double>().sum();
      const Scalar* lp = logits.col(s).data();
      const Scalar* xp = target.col(s).data();
      Scalar* g = gradient.col(s).data();
      for (Index i = 0; i < target.rows(); ++i)
        g[i] = weight * ((lp[i] >= 0 ? Scalar(1) : g[i]) / (Scalar(1) + g[i]) - xp[i]);
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
};

}  // namespace bvae
