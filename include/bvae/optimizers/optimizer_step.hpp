#pragma once

#include <cstdint>

namespace bvae {

/// What an optimizer is told about the step it makes, the same for all parts of the parameters.
struct OptimizerStep {
  std::int64_t t = 1;         ///< number of this update, from 1; the caller advances it once per step, never per tensor
  double learning_rate = 0;   ///< of this step (a schedule may have changed the optimizer's own)
  double gradient_norm = 0;   ///< global L2 norm of the whole gradient, before `gradient_scale`
  double gradient_scale = 1;  ///< the optimizer works with gradient * gradient_scale
};

}  // namespace bvae
