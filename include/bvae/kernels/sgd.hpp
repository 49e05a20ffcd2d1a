/// One pass of stochastic gradient descent over any range of the parameters.
#pragma once

#include "bvae/kernels/isa.hpp"
#include "bvae/kernels/simd.hpp"

namespace bvae::kernels {

/// All of Sgd that is the same for every element:
///
///     g = decay * p + scale * gradient
///     b = first ? g : keep * b + take * g        only with `has_momentum`
///     g = looks_ahead ? g + keep * b : b         only with `has_momentum`
///     p = p - step_size * g
template <class S>
struct SgdCoefficients {
  S scale, decay, keep, take, step_size;
  bool has_momentum, first, looks_ahead;
};

}  // namespace bvae::kernels

#define BVAE_KERNEL_SOURCE "bvae/kernels/sgd.inc"
#include "bvae/kernels/for_each_isa.inc"

namespace bvae::kernels {

/// Updates `count` parameters and their momentum b, which all must be separate arrays. Without `has_momentum` b is
/// neither read nor written.
template <class S>
void sgd(Size count, const SgdCoefficients<S>& coefficients, const S* gradient, S* parameters, S* momentum) {
  choose(&baseline::sgd<S>, &v3::sgd<S>, &v4::sgd<S>)(count, coefficients, gradient, parameters, momentum);
}

}  // namespace bvae::kernels
