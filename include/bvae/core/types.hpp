/// The words every other header uses: Index, matrices, and views into memory that somebody else owns.
#pragma once

#include <Eigen/Core>
#include <algorithm>

#include "bvae/kernels/isa.hpp"  // refuses flags that change values

static_assert(EIGEN_VERSION_AT_LEAST(3, 4, 0), "bvae needs Eigen 3.4 or newer");

namespace bvae {

using Eigen::Index;

/// A batch: column-major, one column = one sample, rows = the flattened shape with the channel fastest. Not aligned:
/// where Eigen aligns depends on the flags of a file, and files with different flags may be linked.
template <class Scalar>
using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::DontAlign>;
template <class Scalar>
using Vector = Eigen::Matrix<Scalar, Eigen::Dynamic, 1, Eigen::DontAlign>;

/// Views into a batch, an activation or a tensor. Sizes are dynamic on purpose: Eigen packs fixed-size products on the
/// stack.
template <class Scalar>
using View = Eigen::Map<Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>>;
template <class Scalar>
using ConstView = Eigen::Map<const Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>>;

/// Views of some rows of a batch.
template <class Scalar>
using RowsView = Eigen::Map<Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>, 0, Eigen::OuterStride<>>;
template <class Scalar>
using ConstRowsView = Eigen::Map<const Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>, 0, Eigen::OuterStride<>>;

namespace detail {
/// The columns of one view into another, of the same size. Compiles to far less than an assignment of two views.
template <class Scalar>
void copy_columns(ConstRowsView<Scalar> from, RowsView<Scalar> to) {
  for (Index s = 0; s < from.cols(); ++s) {
    const Scalar* const first = from.data() + s * from.outerStride();
    std::copy(first, first + from.rows(), to.data() + s * to.outerStride());
  }
}
/// Some columns of a matrix.
template <class Scalar, class Values>
ConstRowsView<Scalar> columns_of(const Values& values, Index first, Index count) {
  return {values.data() + first * values.outerStride(), values.rows(), count,
          Eigen::OuterStride<>(values.outerStride())};
}
template <class Scalar>
RowsView<Scalar> columns_of(Scalar* data, Index rows, Index first, Index count) {
  return {data + first * rows, rows, count, Eigen::OuterStride<>(rows)};
}
}  // namespace detail

}  // namespace bvae
