// Values of named tensors, wherever in memory they lie.
#pragma once

#include <cstddef>
#include <type_traits>
#include <vector>

#include "bvae/core/arena.hpp"
#include "bvae/core/types.hpp"
#include "bvae/layers/network.hpp"

namespace bvae_test {

/// The value at `row` of the tensor's first axis and `column` of the others; `values` is the whole arena.
template <class Values>
auto& at(Values& values, const bvae::NamedTensor& tensor, bvae::Index row, bvae::Index column = 0) {
  return values[static_cast<std::size_t>(tensor.offset + tensor.info.position(row, column))];
}

/// All values of a tensor in C order.
template <class Values>
auto values_of(const Values& values, const bvae::NamedTensor& tensor) {
  return bvae::values_of(tensor.info, values.data() + tensor.offset);
}

/// The tensor as a matrix, [out, in] as in PyTorch; a bias is one column.
template <class Values>
auto matrix_of(const Values& values, const bvae::NamedTensor& tensor) {
  const bvae::Index rows = tensor.info.extents[0];
  bvae::Matrix<std::remove_const_t<typename Values::value_type>> matrix(rows, tensor.info.size() / rows);
  for (bvae::Index r = 0; r < rows; ++r)
    for (bvae::Index c = 0; c < matrix.cols(); ++c) matrix(r, c) = at(values, tensor, r, c);
  return matrix;
}

}  // namespace bvae_test
