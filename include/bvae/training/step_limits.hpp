#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

namespace bvae::detail {

/// What a step of training must stay below; otherwise it is not made, and the parameters are those from before.
template <class Scalar>
struct StepLimits {
  /// Learning rate times gradient beyond this could overflow a parameter, and what was there before would be lost.
  static constexpr double kLargestUpdate = static_cast<double>(std::numeric_limits<Scalar>::max()) * 1e-8;
  /// Optimizers keep squares of gradients; an infinite one would stop its parameter for ever, unseen.
  static constexpr double kLargestNorm = sizeof(Scalar) == 4 ? 1e19 : 1e154;

  /// Written so that NaN fails.
  static bool allow(double loss, double norm, double learning_rate) {
    return std::isfinite(loss) && norm < kLargestNorm && learning_rate * std::max(1.0, norm) < kLargestUpdate;
  }
};

}  // namespace bvae::detail
