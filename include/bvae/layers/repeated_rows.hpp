/// What the layers that normalise share: coefficients for each channel, repeated so that vectors are full.
#pragma once

#include "bvae/core/rounding.hpp"
#include "bvae/core/types.hpp"

namespace bvae::detail {

constexpr Index padded_to_16(Index values) { return (values + 15) / 16 * 16; }

/// Doubles in memory of a network's scratch; `values` must be aligned for them.
template <class Scalar>
double* as_doubles(Scalar* values) {
  return reinterpret_cast<double*>(values);
}

/// Values with the channel fastest, as rows of kernels/normalization.hpp: where there are few channels, a period of 16
/// pixels is one column.
template <Index Channels, Index Positions>
struct RepeatedRows {
  static constexpr Index kRows = Channels >= 16 || Positions == 1 ? Channels : 16 * Channels;
  static constexpr Index kStored = padded_to_16(kRows);

  template <class T>
  static void set(T* rows, Index channel, T value) {
    for (Index r = channel; r < kRows; r += Channels) rows[r] = value;
  }
  /// Sums of rows become sums of channels.
  static void fold(double* rows) {
    for (Index c = 0; c < Channels; ++c)
      for (Index r = c + Channels; r < kRows; r += Channels) rows[c] += rows[r];
  }
};

/// gradient[i] = the sum over `parts` of from[part * stride + i]. Returns the sum of the gradient's squares.
template <class Scalar>
double add_parts(Index count, Index parts, Index stride, const double* from, Scalar* gradient) {
  double squares = 0;
  for (Index i = 0; i < count; ++i) {
    double sum = 0;
    for (Index k = 0; k < parts; ++k) sum += from[k * stride + i];
    gradient[i] = static_cast<Scalar>(sum);
    squares += rounded(static_cast<double>(gradient[i]) * static_cast<double>(gradient[i]));
  }
  return squares;
}

}  // namespace bvae::detail
