#pragma once

#include "bvae/latent/diagonal_gaussian.hpp"

namespace bvae {

/// `Dimensions` latents with a diagonal Gaussian posterior. Its head is one linear layer from the encoder's output to
/// (mu, log_variance), mu first: tensors `latent.weight` [2 * Dimensions, in] and `latent.bias`.
template <Index Dimensions>
struct Latent {
  static_assert(Dimensions > 0, "Latent: the number of dimensions must be positive");
  static constexpr Index kDimensions = Dimensions;
  static constexpr Index kHeadOutputs = 2 * Dimensions;

  /// The posterior in a batch of head outputs.
  template <class Scalar>
  static DiagonalGaussian<Scalar> posterior(const Scalar* head, Index samples) {
    const Eigen::OuterStride<> stride(kHeadOutputs);
    return {ConstRowsView<Scalar>(head, Dimensions, samples, stride),
            ConstRowsView<Scalar>(head + Dimensions, Dimensions, samples, stride)};
  }

  /// Writable views of mu's and log_variance's rows in a batch of head outputs (or of their gradients).
  template <class Scalar>
  static RowsView<Scalar> mu_rows(Scalar* head, Index samples) {
    return {head, Dimensions, samples, Eigen::OuterStride<>(kHeadOutputs)};
  }
  template <class Scalar>
  static RowsView<Scalar> log_variance_rows(Scalar* head, Index samples) {
    return {head + Dimensions, Dimensions, samples, Eigen::OuterStride<>(kHeadOutputs)};
  }
};

}  // namespace bvae
