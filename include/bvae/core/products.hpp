/// The one place where matrices are multiplied. Raw pointers, sizes and leading dimensions, so that other kernels can
/// take its place.
///
/// All matrices are column-major. Each result element is summed in an order that depends on the sizes only, never on
/// the machine's caches or on threads: the blocks are chosen here, not by Eigen's cache detection.
#pragma once

#include <algorithm>

#include "bvae/core/arena.hpp"
#include "bvae/core/types.hpp"

namespace bvae::products {

namespace detail {

inline constexpr Index kDepthBlock = 1024;        // values of the summed axis that are packed together
inline constexpr Index kRowGranule = 48;          // the widest register block of Eigen's kernels
inline constexpr Index kLeftBytes = 320 * 1024;   // packed left block: fits a second-level cache
inline constexpr Index kRightBytes = 512 * 1024;  // packed right block

/// The summed axis in equal blocks of at most kDepthBlock, so that no short block remains at the end.
inline Index depth_block(Index depth) {
  const Index blocks = (depth + kDepthBlock - 1) / kDepthBlock;
  const Index block = (depth + blocks - 1) / blocks;
  return std::min(depth, (block + 7) / 8 * 8);
}

/// Packing memory of this thread; grows to its final size in the first product, so warm steps allocate nothing.
template <class Scalar>
struct Packing {
  static constexpr Index kLeft = std::max(kLeftBytes / Index{sizeof(Scalar)}, kRowGranule* kDepthBlock) + 64;
  static constexpr Index kRight = std::max(kRightBytes / Index{sizeof(Scalar)}, 16 * kDepthBlock) + 64;
  Arena<Scalar> left = Arena<Scalar>(static_cast<std::size_t>(kLeft));
  Arena<Scalar> right = Arena<Scalar>(static_cast<std::size_t>(kRight));
};

template <class Scalar>
inline Packing<Scalar>& packing() {
  thread_local Packing<Scalar> memory;
  return memory;
}

/// Hands Eigen our blocks and our memory. Left to itself it would allocate for each product above 128 KiB, and size the
/// blocks by the machine's caches.
template <class Scalar>
struct Blocking : Eigen::internal::level3_blocking<Scalar, Scalar> {
  Blocking(Index rows, Index columns, Index depth, Packing<Scalar>& memory) {
    const Index size = Index{sizeof(Scalar)};
    this->m_kc = depth_block(depth);
    const Index row_block = kLeftBytes / size / this->m_kc / kRowGranule * kRowGranule;
    const Index column_block = kRightBytes / size / this->m_kc / 16 * 16;
    this->m_mc = std::min(rows, std::max(row_block, kRowGranule));
    this->m_nc = std::min(columns, std::max(column_block, Index{16}));
    this->m_blockA = memory.left.data();
    this->m_blockB = memory.right.data();
  }
};

/// result += left * right, with the storage order of each operand.
template <int LeftOrder, int RightOrder, class Scalar>
[[gnu::noinline]] void add_product(Index rows, Index columns, Index depth, const Scalar* left, Index left_stride,
                                   const Scalar* right, Index right_stride, Scalar* result, Index result_stride) {
  Blocking<Scalar> blocking(rows, columns, depth, packing<Scalar>());
  Eigen::internal::general_matrix_matrix_product<Index, Scalar, LeftOrder, false, Scalar, RightOrder, false,
                                                 Eigen::ColMajor, 1>::run(rows, columns, depth, left, left_stride,
                                                                          right, right_stride, result, 1, result_stride,
                                                                          Scalar(1), blocking, nullptr);
}

/// Sum of a[i] b[i] in 16 lanes, then their sum in order.
template <class Scalar>
[[gnu::noinline]] Scalar dot(Index count, const Scalar* a, const Scalar* b) {
  constexpr Index kLanes = 16;
  Scalar lanes[kLanes] = {};
  const Index whole = count / kLanes * kLanes;
  for (Index i = 0; i < whole; i += kLanes)
    for (Index k = 0; k < kLanes; ++k) lanes[k] += a[i + k] * b[i + k];
  for (Index k = 0; k < count - whole; ++k) lanes[k] += a[whole + k] * b[whole + k];
  Scalar sum = 0;
  for (const Scalar lane : lanes) sum += lane;
  return sum;
}

/// y += factor x
template <class Scalar>
[[gnu::noinline]] void add_scaled(Index count, Scalar factor, const Scalar* __restrict x, Scalar* __restrict y) {
  for (Index i = 0; i < count; ++i) y[i] += factor * x[i];
}

}  // namespace detail

/// y = w^T x + bias: `w` is inputs x outputs (PyTorch's [out, in] in C order), `x` inputs x samples, `y` outputs x
/// samples. `bias` has one value an output.
template <class Scalar>
void weights_times_inputs(Index outputs, Index inputs, Index samples, const Scalar* w, const Scalar* bias,
                          const Scalar* x, Scalar* y) {
  if (samples == 1) {  // nothing to gain from packing the weights
    for (Index o = 0; o < outputs; ++o) y[o] = bias[o] + detail::dot(inputs, w + o * inputs, x);
    return;
  }
  for (Index s = 0; s < samples; ++s) std::copy_n(bias, outputs, y + s * outputs);
  detail::add_product<Eigen::RowMajor, Eigen::ColMajor>(outputs, samples, inputs, w, inputs, x, inputs, y, outputs);
}

/// dx = w dy: the gradient with respect to the inputs.
template <class Scalar>
void weights_times_deltas(Index outputs, Index inputs, Index samples, const Scalar* w, const Scalar* dy, Scalar* dx) {
  std::fill_n(dx, inputs * samples, Scalar(0));
  if (samples == 1) {
    for (Index o = 0; o < outputs; ++o) detail::add_scaled(inputs, dy[o], w + o * inputs, dx);
    return;
  }
  detail::add_product<Eigen::ColMajor, Eigen::ColMajor>(inputs, samples, outputs, w, inputs, dy, outputs, dx, inputs);
}

/// dw = x dy^T and db = sum of dy over the samples, for the outputs [first, first + count): columns of `dw`, which has
/// the layout of `w`.
template <class Scalar>
void inputs_times_deltas(Index outputs, Index inputs, Index samples, const Scalar* x, const Scalar* dy, Index first,
                         Index count, Scalar* dw, Scalar* db) {
  Scalar* const columns = dw + first * inputs;
  std::fill_n(columns, inputs * count, Scalar(0));
  std::fill_n(db + first, count, Scalar(0));
  for (Index s = 0; s < samples; ++s) detail::add_scaled(count, Scalar(1), dy + s * outputs + first, db + first);
  if (samples == 1) {
    for (Index o = 0; o < count; ++o) detail::add_scaled(inputs, dy[first + o], x, columns + o * inputs);
    return;
  }
  detail::add_product<Eigen::ColMajor, Eigen::RowMajor>(inputs, count, samples, x, inputs, dy + first, outputs, columns,
                                                        inputs);
}

}  // namespace bvae::products
