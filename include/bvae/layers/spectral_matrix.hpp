/// What SpectralNorm computes with a weight and its two vectors.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "bvae/core/arena.hpp"
#include "bvae/core/concepts.hpp"
#include "bvae/core/reductions.hpp"
#include "bvae/kernels/normalization.hpp"
#include "bvae/layers/chain.hpp"
#include "bvae/layers/repeated_rows.hpp"

namespace bvae::detail {

/// A weight in panels as the matrix W whose rows are the outputs. Its values stand in blocks of `kWidth` columns of the
/// panels. If the panels' rows are the outputs, there is one block; otherwise (a transposed convolution) one for each
/// tap, and W^T is these blocks below each other. So one of the vectors u and v runs `along` the panels' rows in each
/// block, the other one `across` a block.
template <class Inside>
struct SpectralMatrix {
  static constexpr TensorInfo kWeight = Inside::kParameters[0];
  static constexpr bool kTransposed = requires { requires Inside::kOutputAxis == 1; };
  static constexpr Index kRows = kWeight.rows();
  static constexpr Index kColumns = kWeight.columns();
  static constexpr Index kWidth = kTransposed ? kWeight.extents[1] : kColumns;
  static constexpr Index kBlocks = kColumns / kWidth;
  static constexpr Index kPanel = kWeight.panel;
  static constexpr Index kPanelRows = TensorInfo::kPanelRows;
  static constexpr Index kPanels = (kRows + kPanelRows - 1) / kPanelRows;
  static constexpr Index kStoredRows = kPanelRows * kPanels;
  static constexpr Index kAlong = kBlocks * kStoredRows;  // values, with padding
  static constexpr Index kAcross = padded_to_16(kWidth);

  /// Which of the state's tensors (u, v) runs along and across.
  static constexpr std::size_t kAlongState = kTransposed ? 1 : 0;
  static constexpr std::size_t kAcrossState = kTransposed ? 0 : 1;
  static constexpr AxisOrder kTaps{kRows, kWeight.extents[2], kWeight.extents[3]};
  static constexpr std::array<TensorInfo, 2> kState{TensorInfo{"parametrizations.weight.0._u",
                                                               1,
                                                               {kTransposed ? kWidth : kRows},
                                                               {kTransposed ? AxisOrder{} : kWeight.order[0]}},
                                                    TensorInfo{"parametrizations.weight.0._v",
                                                               1,
                                                               {kTransposed ? kRows * kBlocks : kColumns},
                                                               {kTransposed ? kTaps : kWeight.order[1]}}};

  /// along = W across, for panels [first, last).
  template <class Scalar>
  static void times_across(const Scalar* w, Index first, Index last, const Scalar* across, double* along) {
    for (Index k = 0; k < kBlocks; ++k)
      kernels::panels_times_vector<Scalar>(last - first, kWidth, w + first * kPanel + k * kWidth * kPanelRows, kPanel,
                                           across, along + k * kStoredRows + first * kPanelRows);
  }
  /// across = W^T along, for columns [first, last) of the blocks.
  template <class Scalar>
  static void times_along(const Scalar* w, Index first, Index last, const Scalar* along, double* across) {
    for (Index k = 0; k < kBlocks; ++k)
      kernels::vector_times_panels<Scalar>(kPanels, last - first, w + (k * kWidth + first) * kPanelRows, kPanel,
                                           along + k * kStoredRows, across + first, k > 0);
  }
  /// g = (g - factor along across^T) / sigma, for a part of the weight; returns the sum of squares of the result.
  template <class Scalar>
  static double correct(const PanelBlock& part, Scalar* g, Scalar factor, const Scalar* along, const Scalar* across,
                        Scalar sigma) {
    double squares = 0;
    for (Index c = part.first_column, end = c + part.columns; c < end;) {
      const Index k = c / kWidth;
      const Index count = std::min(end, (k + 1) * kWidth) - c;
      Scalar* const own = g + part.first_panel * kPanel + c * kPanelRows;
      kernels::subtract_outer_product<Scalar>(part.panels, count, own, kPanel, factor,
                                              along + k * kStoredRows + part.first_panel * kPanelRows,
                                              across + c % kWidth, sigma);
      for (Index p = 0; p < part.panels; ++p) squares += sum_of_squares(own + p * kPanel, count * kPanelRows);
      c += count;
    }
    return squares;
  }

  /// Vectors along have padding in memory of our own, none in the state.
  template <class Scalar>
  static void copy_along(const Scalar* from, Index from_stride, Scalar* to, Index to_stride, Index first, Index last) {
    const Index begin = first * kPanelRows;
    const Index end = std::max(begin, std::min(kRows, last * kPanelRows));
    for (Index k = 0; k < kBlocks; ++k)
      std::copy(from + k * from_stride + begin, from + k * from_stride + end, to + k * to_stride + begin);
  }
  template <class Scalar>
  static void divide_along(const double* from, double divisor, Index first, Index last, Scalar* to) {
    for (Index k = 0; k < kBlocks; ++k)
      divide(from + k * kStoredRows, divisor, first * kPanelRows, last * kPanelRows, to + k * kStoredRows);
  }
  template <class Scalar>
  static void divide(const double* from, double divisor, Index first, Index last, Scalar* to) {
    for (Index i = first; i < last; ++i) to[i] = static_cast<Scalar>(from[i] / divisor);
  }
};

}  // namespace bvae::detail
