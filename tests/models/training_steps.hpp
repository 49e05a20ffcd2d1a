// Training steps of a whole model with given batches and noise, beside those of PyTorch.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "bvae/bvae.hpp"

namespace bvae_test {

/// The largest relative error of the four losses.
inline double losses_error(const bvae::Losses& losses, const double* expected) {
  const std::array<double, 4> actual{losses.objective, losses.reconstruction, losses.divergence, losses.kl};
  double error = 0;
  for (std::size_t i = 0; i < 4; ++i)
    error = std::max(error, std::abs(actual[i] - expected[i]) / std::abs(expected[i]));
  return error;
}

/// A step for each four losses in `trace`; step t has the samples `first(t)` ... `first(t) + count(t) - 1` of `x`,
/// which begins again after its last, and of `noise` the columns from t * most on. Returns the largest error of any
/// step's losses. Calls `before(t)` before step t.
template <class Model, class L, class O, class First, class Count, class Before>
double training_error(Model& model, const L& likelihood, const bvae::Kl& kl, double beta, const O& optimizer,
                      const std::vector<double>& trace, const bvae::Matrix<typename Model::Scalar>& x,
                      const bvae::Matrix<typename Model::Scalar>& noise, bvae::Index most, First first, Count count,
                      Before before) {
  using Scalar = typename Model::Scalar;
  using bvae::Index;
  bvae::Objective<Model, L, bvae::Kl> objective(most, likelihood, kl);
  std::array<bvae::Arena<Scalar>, static_cast<std::size_t>(O::kMoments)> moments;
  std::array<std::span<Scalar>, static_cast<std::size_t>(O::kMoments)> spans;
  for (std::size_t m = 0; m < moments.size(); ++m) {
    moments[m].resize(model.parameters().size());
    spans[m] = moments[m];
  }
  double error = 0;
  for (Index t = 0; t < static_cast<Index>(trace.size() / 4); ++t) {
    before(t);
    bvae::Matrix<Scalar> batch(Model::kFeatures, count(t));
    for (Index k = 0; k < batch.cols(); ++k) batch.col(k) = x.col((first(t) + k) % x.cols());
    const bvae::Losses losses = objective.compute(model, batch, noise.middleCols(t * most, batch.cols()), beta);
    error = std::max(error, losses_error(losses, trace.data() + 4 * t));
    optimizer.template step<Scalar>({.t = t + 1, .learning_rate = optimizer.base_learning_rate()},
                                    std::span<Scalar>(model.parameters()), objective.gradient(), spans);
  }
  return error;
}

template <class Model, class L, class O, class First, class Count>
double training_error(Model& model, const L& likelihood, const bvae::Kl& kl, double beta, const O& optimizer,
                      const std::vector<double>& trace, const bvae::Matrix<typename Model::Scalar>& x,
                      const bvae::Matrix<typename Model::Scalar>& noise, bvae::Index most, First first, Count count) {
  return training_error(model, likelihood, kl, beta, optimizer, trace, x, noise, most, first, count,
                        [](bvae::Index) {});
}

}  // namespace bvae_test
