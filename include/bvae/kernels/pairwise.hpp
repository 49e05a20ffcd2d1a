/// Sums over all pairs of samples, for divergences that compare them. All in double, latent by latent: an array of a
/// latent holds its value for each sample, and each array is `stride` values long, a multiple of 16. Where the rows of
/// a matrix are said to have lanes that do not count, those are the ones from `samples` to `stride`.
#pragma once

#include <limits>

#include "bvae/kernels/isa.hpp"
#include "bvae/kernels/math.hpp"
#include "bvae/kernels/simd.hpp"

namespace bvae::kernels {

/// Gaussian densities, up to a factor (2 pi)^(1/2): log q_j(z) = log_scale_j - half_precision_j (z - mean_j)^2. Lanes
/// that do not count must have a log_scale far below all others.
struct Densities {
  const double* mean;
  const double* half_precision;
  const double* log_scale;
};

/// Where the gradient of a latent goes; added to what is there.
struct DensityGradient {
  double* z;
  double* mean;
  double* log_variance;
};

/// 1 / C and what the kernel function is of r = |x - y|^2: exp(-r / C) or C / (C + r).
struct DistanceKernel {
  double inverse_scale;
  bool quadratic;
};

}  // namespace bvae::kernels

#define BVAE_KERNEL_SOURCE "bvae/kernels/pairwise.inc"
#include "bvae/kernels/for_each_isa.inc"

namespace bvae::kernels {

/// row[j] = log_weight[j] + sum over the latents of log q_j(z): z[d * stride] is z of latent d. Then row becomes the
/// softmax of this; returns its maximum, and in `sum` the sum of the exponentials relative to it.
inline double joint_softmax(Size latents, Size stride, const double* z, const Densities& q, const double* log_weight,
                            double* row, double& sum) {
  return choose(&baseline::joint_softmax, &v3::joint_softmax, &v4::joint_softmax)(latents, stride, z, q, log_weight,
                                                                                  row, sum);
}

/// One latent. For each sample i, with v the softmax over j of l_ij = log_weight_i[j] + log q_j(z_i), log_weight_i
/// being log_weight - i: maxima[i] and sums[i] as those of joint_softmax, and the gradients of the function whose
/// derivative with respect to log q_j(z_i) is weights[i * stride + j] + scale v_ij. `row` is scratch.
inline void marginal_softmax(Size samples, Size stride, const double* z, const Densities& q, const double* log_weight,
                             const double* weights, double scale, double* row, double* maxima, double* sums,
                             const DensityGradient& gradient) {
  choose(&baseline::marginal_softmax, &v3::marginal_softmax, &v4::marginal_softmax)(
      samples, stride, z, q, log_weight, weights, scale, row, maxima, sums, gradient);
}

/// The sum over j < samples of k(x, y_j), where x[d * stride] is x of latent d and y[d * stride + j] that of y_j. If
/// `slopes` is not null, slopes[d] times -2 / C is the sum's derivative with respect to latent d of x. `row` is
/// scratch.
inline double kernel_sum(Size latents, Size samples, Size stride, const double* x, const double* y,
                         DistanceKernel kernel, double* row, double* slopes) {
  return choose(&baseline::kernel_sum, &v3::kernel_sum, &v4::kernel_sum)(latents, samples, stride, x, y, kernel, row,
                                                                         slopes);
}

/// The sum of x[i] y[i]; count is a multiple of 16.
inline double dot(Size count, const double* x, const double* y) {
  return choose(&baseline::dot, &v3::dot, &v4::dot)(count, x, y);
}

/// y += a x; count is a multiple of 16.
inline void add_scaled(Size count, double a, const double* x, double* y) {
  choose(&baseline::add_scaled, &v3::add_scaled, &v4::add_scaled)(count, a, x, y);
}

}  // namespace bvae::kernels
