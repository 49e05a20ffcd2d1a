/// The words every other header uses: Index, matrices, and views into memory that somebody else owns.
#pragma once

#include <Eigen/Core>

#include "bvae/kernels/isa.hpp"  // refuses flags that change values

static_assert(EIGEN_VERSION_AT_LEAST(3, 4, 0), "bvae needs Eigen 3.4 or newer");

namespace bvae {

using Eigen::Index;

/// A batch: column-major, one column = one sample, rows = the flattened shape with the channel fastest.
template <class Scalar>
using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
template <class Scalar>
using Vector = Eigen::Matrix<Scalar, Eigen::Dynamic, 1>;

/// Views into a batch, an activation or a tensor. Sizes are dynamic on purpose: Eigen packs fixed-size products on the
/// stack.
template <class Scalar>
using View = Eigen::Map<Matrix<Scalar>>;
template <class Scalar>
using ConstView = Eigen::Map<const Matrix<Scalar>>;

/// Views of some rows of a batch.
template <class Scalar>
using RowsView = Eigen::Map<Matrix<Scalar>, 0, Eigen::OuterStride<>>;
template <class Scalar>
using ConstRowsView = Eigen::Map<const Matrix<Scalar>, 0, Eigen::OuterStride<>>;

}  // namespace bvae
