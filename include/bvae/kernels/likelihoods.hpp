/// Reconstruction terms: value and gradient of each sample (column) in one pass.
#pragma once

#include "bvae/kernels/isa.hpp"
#include "bvae/kernels/math.hpp"
#include "bvae/kernels/simd.hpp"

namespace bvae::kernels {

/// Taylor series of the continuous Bernoulli around logit 0, in powers of l^2, good for |l| <= 1 (B are the Bernoulli
/// numbers; they converge for |l| < 2 pi).
template <class T>
struct ContinuousBernoulliSeries;
template <>
struct ContinuousBernoulliSeries<float> {
  /// (mean - 1/2) / l: B_2n / (2n)!
  static constexpr float kMean[] = {0x1.555556p-4F,   -0x1.6c16c2p-10F, 0x1.1566acp-15F,
                                    -0x1.bbd77ap-21F, 0x1.66a8f2p-26F,  -0x1.22805ep-31F};
  /// log(sinh(l / 2) / (l / 2)) / l^2: B_2n / (2n (2n)!)
  static constexpr float kLog[] = {0x1.555556p-5F,   -0x1.6c16c2p-12F, 0x1.71de3ap-18F,
                                   -0x1.bbd77ap-24F, 0x1.1eed8ep-29F,  -0x1.8355d2p-35F};
};
template <>
struct ContinuousBernoulliSeries<double> {
  static constexpr double kMean[] = {0x1.5555555555555p-4,   -0x1.6c16c16c16c17p-10, 0x1.1566abc011567p-15,
                                     -0x1.bbd779334ef0bp-21, 0x1.66a8f2bf70ebep-26,  -0x1.22805d644267fp-31,
                                     0x1.d6db2c4e09162p-37,  -0x1.7da4e1f79955cp-42, 0x1.355871d652e9ep-47,
                                     -0x1.f57d968caacf1p-53, 0x1.967e1f09c376fp-58};
  static constexpr double kLog[] = {0x1.5555555555555p-5,   -0x1.6c16c16c16c17p-12, 0x1.71de3a556c734p-18,
                                    -0x1.bbd779334ef0bp-24, 0x1.1eed8eff8d898p-29,  -0x1.8355d1db03354p-35,
                                    0x1.0d0f870805313p-40,  -0x1.7da4e1f79955cp-46, 0x1.12f948be82970p-51,
                                    -0x1.9131453d55727p-57, 0x1.27a18aefd3f97p-62};
};

}  // namespace bvae::kernels

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

/// values[s] = value_scale * sum of |y - x|, gradient = gradient_scale times the sign of y - x (0 where they are
/// equal).
template <class S>
void absolute_error(Size features, Size samples, const S* target, const S* output, double value_scale, S gradient_scale,
                    double* values, S* gradient) {
  choose(&baseline::absolute_error<S>, &v3::absolute_error<S>, &v4::absolute_error<S>)(
      features, samples, target, output, value_scale, gradient_scale, values, gradient);
}

/// values[s] = sum of log((e^l - 1) / l) - l x, gradient = weight (mean of l - x); otherwise as bernoulli().
template <class S>
void continuous_bernoulli(Size features, Size samples, const S* target, const S* logits, S weight, double* values,
                          S* gradient) {
  choose(&baseline::continuous_bernoulli<S>, &v3::continuous_bernoulli<S>, &v4::continuous_bernoulli<S>)(
      features, samples, target, logits, weight, values, gradient);
}
/// Its mean, e^l / (e^l - 1) - 1 / l. The arrays may be the same one.
template <class S>
void continuous_bernoulli_mean(Size count, const S* logits, S* mean) {
  choose(&baseline::continuous_bernoulli_mean<S>, &v3::continuous_bernoulli_mean<S>, &v4::continuous_bernoulli_mean<S>)(
      count, logits, mean);
}

/// The output (and its gradient) of a sample: blocks of `block` means y, each before the `block` raw log variances r of
/// the same values; 2 `features` in all, `block` divides `features`. With the soft lower bound that GaussianPerPixel
/// explains, v = minimum + softplus(r - minimum):
///
///     values[s] = sum of ((y - x)^2 e^-v + v) / 2,   gradients weight (y - x) e^-v and
///     weight (1 - (y - x)^2 e^-v) / 2 sigmoid(r - minimum)
template <class S>
void gaussian_per_pixel(Size features, Size block, Size samples, const S* target, const S* output, S minimum, S weight,
                        double* values, S* gradient) {
  choose(&baseline::gaussian_per_pixel<S>, &v3::gaussian_per_pixel<S>, &v4::gaussian_per_pixel<S>)(
      features, block, samples, target, output, minimum, weight, values, gradient);
}

/// The output (and its gradient) of a sample: `features` means y and one raw log sigma r. With
/// u = minimum + softplus(r - minimum):
///
///     values[s] = e^-2u / 2 * sum of (y - x)^2 + features u,   gradients weight (y - x) e^-2u and
///     weight (features - e^-2u * sum of (y - x)^2) sigmoid(r - minimum)
template <class S>
void gaussian_with_log_sigma(Size features, Size samples, const S* target, const S* output, double minimum, S weight,
                             double* values, S* gradient) {
  choose(&baseline::gaussian_with_log_sigma<S>, &v3::gaussian_with_log_sigma<S>, &v4::gaussian_with_log_sigma<S>)(
      features, samples, target, output, minimum, weight, values, gradient);
}

/// values[s] = sum of -x log x - (1 - x) log(1 - x), for x in [0, 1].
template <class S>
void binary_entropy(Size features, Size samples, const S* target, double* values) {
  choose(&baseline::binary_entropy<S>, &v3::binary_entropy<S>, &v4::binary_entropy<S>)(features, samples, target,
                                                                                       values);
}

}  // namespace bvae::kernels
