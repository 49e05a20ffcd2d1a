#pragma once

#include <span>

#include "bvae/core/types.hpp"
#include "bvae/kernels/math.hpp"

namespace bvae {

/// How the density of the aggregate posterior q(z) over a data set of N samples is estimated from a batch of B of them:
/// weights W_ij of posterior j at the sample z_i that came from posterior i (Chen et al. 2018).
///
/// kStratified is unbiased for the density (their appendix C.2): W_ii = 1 / N, one other posterior (here j = i + 1, the
/// batch being in random order) has (N - B + 1) / (N (B - 1)), all others 1 / (B - 1); they add up to 1. kWeighted
/// (their section 4, "minibatch weighted sampling") has 1 / (N B) everywhere: densities come out too small by a factor
/// of up to N, so that the mutual information is too large by up to log N, and at most log(N B); the total correlation
/// of M independent latents is up to (M - 1) log N instead of 0. Constant factors do not change gradients.
enum class MinibatchEstimator : unsigned char { kStratified, kWeighted };

/// log W_ij at weights[batch - i + j], which depends on j - i modulo `batch` only. `weights` has at least 2 batch
/// values; those after them are set too. A batch of one has the weight 1 / N.
inline void fill_log_weights(MinibatchEstimator estimator, Index batch, Index data_size, std::span<double> weights) {
  const double b = static_cast<double>(batch);
  const double n = static_cast<double>(data_size);
  double self = 1 / (n * b);
  double next = self;
  double others = self;
  if (estimator == MinibatchEstimator::kStratified && batch > 1) {
    self = 1 / n;
    next = (n - (b - 1)) / (n * (b - 1));
    others = 1 / (b - 1);
  }
  double logs[] = {self, next, others};
  kernels::apply<kernels::Elementary::kLog>(3, logs, logs);
  for (double& weight : weights) weight = logs[2];
  weights[static_cast<std::size_t>(batch)] = logs[0];
  if (batch == 1) return;
  weights[1] = logs[1];  // the last sample's next is the first
  weights[static_cast<std::size_t>(batch + 1)] = logs[1];
}

}  // namespace bvae
