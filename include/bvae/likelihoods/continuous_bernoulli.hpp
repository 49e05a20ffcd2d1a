#pragma once

#include <algorithm>
#include <span>
#include <stdexcept>
#include <string_view>

#include "bvae/core/concepts.hpp"
#include "bvae/core/message.hpp"
#include "bvae/kernels/likelihoods.hpp"

namespace bvae {

/// Continuous Bernoulli pixels (Loaiza-Ganem, Cunningham 2019): the density on [0, 1] that is proportional to
/// lambda^x (1 - lambda)^(1 - x), on logits l = log(lambda / (1 - lambda)):
///
///   -log p(x|l) = sum over features of log((e^l - 1) / l) - l x,   gradient mean(l) - x,
///   mean(l) = e^l / (e^l - 1) - 1 / l.
///
/// The first term is softplus(l) - log C(lambda) with the paper's normaliser (its equation 6). Near l = 0 (lambda =
/// 1/2) both are 0 / 0; for |l| <= 1 the Taylor series of log(sinh(l / 2) / (l / 2)) and of the mean take their place,
/// to full precision, and the tails are computed from e^-|l|. Targets in [0, 1], grey ones too: unlike Bernoulli's the
/// value is that of a density, complete and often negative.
struct ContinuousBernoulli {
  static constexpr std::string_view kName = "continuous-bernoulli";
  static constexpr Index kOutputsPerFeature = 1;

  /// values[s] = negative log-density of sample s in nats; gradient = weight times its gradient with respect to the
  /// logits.
  template <class Scalar>
  void operator()(ConstView<Scalar> target, ConstView<Scalar> logits, Scalar weight, std::span<double> values,
                  View<Scalar> gradient) const {
    kernels::continuous_bernoulli(target.rows(), target.cols(), target.data(), logits.data(), weight, values.data(),
                                  gradient.data());
  }

  /// Logits to the distribution's mean, in place. It is not the sigmoid: that is lambda.
  template <class Scalar>
  void mean(View<Scalar> output) const {
    kernels::continuous_bernoulli_mean(output.size(), output.data(), output.data());
  }

  /// The logit whose mean is `mean`, which is first brought into [0.001, 0.999]. By bisection: there is no formula.
  [[nodiscard]] double output_for_mean(double mean) const {
    const double wanted = std::clamp(mean, 0.001, 0.999);
    double low = -1024;
    double high = 1024;
    for (int i = 0; i < 64; ++i) {
      const double middle = 0.5 * (low + high);
      double there;
      kernels::continuous_bernoulli_mean(1, &middle, &there);
      (there < wanted ? low : high) = middle;
    }
    return 0.5 * (low + high);
  }

  void check_targets(double minimum, double maximum) const {
    if (minimum < 0 || maximum > 1)
      throw std::invalid_argument(
          message("ContinuousBernoulli: the data must lie in [0, 1], they lie in [", minimum, ", ", maximum, ']'));
  }
};

}  // namespace bvae
