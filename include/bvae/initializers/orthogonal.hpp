#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "bvae/core/concepts.hpp"
#include "bvae/core/rounding.hpp"

namespace bvae {

/// A random matrix with W W^T = I, or W^T W = I if it has more rows than columns (Saxe, McClelland, Ganguli 2014);
/// PyTorch's orthogonal_. Rows are outputs; of a convolution's weights the columns are all that an output sees. It is
/// the Q of the QR decomposition of normal numbers with a positive diagonal in R, which is what Gram and Schmidt's
/// method gives; done twice for each vector, W W^T is I up to rounding (Giraud, Langou, Rozloznik 2005).
///
/// Takes min(rows, columns) times as long as touching all weights four times.
struct Orthogonal {
  template <class Scalar>
  static void fill(std::span<Scalar> weights, Index fan_in, Index fan_out, const RandomStream& random,
                   std::uint32_t tensor) {
    (void)fan_out;  // of a convolution's weights it is not the number of rows
    random.normal(tensor, weights);
    orthonormalize(weights, static_cast<Index>(weights.size()) / fan_in, fan_in);
  }

  /// Replaces a matrix of full rank, in C order, by the Q of its QR decomposition; if it has more columns than rows, by
  /// the transposed Q of its transpose.
  template <class Scalar>
  static void orthonormalize(std::span<Scalar> matrix, Index rows, Index columns) {
    const bool wide = rows < columns;
    const Index vectors = wide ? rows : columns;
    const Index length = wide ? columns : rows;
    const auto place = [&](Index v, Index i) {
      return static_cast<std::size_t>(wide ? v * columns + i : i * columns + v);
    };
    std::vector<double> values(matrix.size());
    for (Index v = 0; v < vectors; ++v)
      for (Index i = 0; i < length; ++i)
        values[static_cast<std::size_t>(v * length + i)] = static_cast<double>(matrix[place(v, i)]);
    for (Index v = 0; v < vectors; ++v) {
      double* const own = values.data() + v * length;
      for (int time = 0; time < 2; ++time)
        for (Index other = 0; other < v; ++other) {
          const double* const unit = values.data() + other * length;
          const double along = dot(length, own, unit);
          for (Index i = 0; i < length; ++i) own[i] -= rounded(along * unit[i]);
        }
      const double norm = std::sqrt(dot(length, own, own));
      for (Index i = 0; i < length; ++i) own[i] = norm > 0 ? own[i] / norm : (i == v ? 1.0 : 0.0);
      for (Index i = 0; i < length; ++i) matrix[place(v, i)] = static_cast<Scalar>(own[i]);
    }
  }

 private:
  /// Four sums, so that an addition need not wait for the one before.
  static double dot(Index length, const double* a, const double* b) {
    double sums[4] = {};
    Index i = 0;
    for (; i + 4 <= length; i += 4)
      for (Index k = 0; k < 4; ++k) sums[k] += rounded(a[i + k] * b[i + k]);
    for (; i < length; ++i) sums[0] += rounded(a[i] * b[i]);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }
};

}  // namespace bvae
