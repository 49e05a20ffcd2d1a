/// Reconstruction terms: value and gradient of each sample (column) in one pass.
#pragma once

#include "bvae/kernels/isa.hpp"
#include "bvae/kernels/math.hpp"
#include "bvae/kernels/simd.hpp"

#define BVAE_KERNEL_SOURCE "bvae/kernels/likelihoods.inc"
#include "bvae/kernels/for_each_isa.inc"

namespace bvae::kernels {

/// For each sample s, sums over its features:
///
///     values[s] = sum of max(l, 0) - l x + log1p(e^-|l|)
///     gradient  = weight (sigmoid(l) - x)
///
/// Columns of x (target), l (logits) and gradient follow each other without gaps. gradient may be the same array as l.
template <class S>
void bernoulli(Size features, Size samples, const S* target, const S* logits, S weight, double* values, S* gradient) {
  choose(&baseline::bernoulli<S>, &v3::bernoulli<S>, &v4::bernoulli<S>)(features, samples, target, logits, weight,
                                                                        values, gradient);
}

/// values[s] = value_scale * sum of (y - x)^2, gradient = gradient_scale (y - x); otherwise as bernoulli().
template <class S>
void squared_error(Size features, Size samples, const S* target, const S* output, double value_scale, S gradient_scale,
                   double* values, S* gradient) {
  choose(&baseline::squared_error<S>, &v3::squared_error<S>, &v4::squared_error<S>)(
      features, samples, target, output, value_scale, gradient_scale, values, gradient);
}

}  // namespace bvae::kernels
