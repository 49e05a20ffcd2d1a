/// Products of matrices. One operand, `a`, lies in panels: 16 rows side by side, one value of the depth after the other
/// (row 16 p + l at depth k is a[p * a_panel + 16 k + l]; rows that do not exist are zeros). Weights are stored like
/// this for good, so nothing is packed for each product.
///
/// Every element of a result is one chain of fused multiply-adds in the order of the depth, whatever the instruction
/// set, the blocks, the number of columns or of threads. So it has the same bits, and sums can be made in pieces.
#pragma once

#include "bvae/kernels/isa.hpp"
#include "bvae/kernels/simd.hpp"

namespace bvae::kernels {

/// Columns whose values of the depth lie in runs: value k of column n is
/// first[(k / length) * run + n * column + k % length]. A plain column-major matrix is one run (length = depth, column
/// = its leading dimension). Columns may overlap: those of a convolution are `stride` pixels apart, and each row of its
/// kernel is one run.
template <class S>
struct Runs {
  const S* first;
  Size column;
  Size run;
  Size length;
};

/// A matrix whose columns lie beside each other: value k of column n is first[k * row + n].
template <class S>
struct Rows {
  const S* first;
  Size row;
};

/// Arrays with the layout of a product's result that will be used right after it: they are fetched into the cache while
/// the product is computed.
template <class S>
struct Upcoming {
  int count = 0;
  const S* arrays[4] = {};
};

}  // namespace bvae::kernels

#define BVAE_KERNEL_SOURCE "bvae/kernels/product_tiles.inc"
#include "bvae/kernels/for_each_isa.inc"
#define BVAE_KERNEL_SOURCE "bvae/kernels/products.inc"
#include "bvae/kernels/for_each_isa.inc"

namespace bvae::kernels {

/// c = start + a b, and where that is negative, times `slope` (1: as it is, 0: ReLU). `start` (row 16 p + l at
/// start[p * a_panel + l]) is the bias; null: the sum goes on from what c holds. Row r of column n goes to
/// c[n * c_column + r].
template <class S>
void panels_times_columns(Size rows, Size columns, Size depth, const S* a, Size a_panel, const Runs<S>& b,
                          const S* start, S* c, Size c_column, std::type_identity_t<S> slope = 1) {
  choose(&baseline::panels_times_columns<S>, &v3::panels_times_columns<S>, &v4::panels_times_columns<S>)(
      rows, columns, depth, a, a_panel, b, start, c, c_column, slope);
}

/// c = a b, or c += a b if `adds`, with c in panels: row 16 p + l of column n goes to c[p * c_panel + 16 n + l].
template <class S>
void panels_times_rows(Size panels, Size columns, Size depth, const S* a, Size a_panel, const Rows<S>& b, S* c,
                       Size c_panel, bool adds, const Upcoming<S>& upcoming = {}) {
  choose(&baseline::panels_times_rows<S>, &v3::panels_times_rows<S>, &v4::panels_times_rows<S>)(
      panels, columns, depth, a, a_panel, b, c, c_panel, adds, upcoming);
}

/// A transposed matrix: row r of column n goes to to[r * to_row + n]; where `y` (which has the layout of `to`, or null)
/// is not positive, times `slope`: that is the gradient through a rectifier whose output is y.
template <class S>
void transpose(Size rows, Size columns, const S* from, Size from_column, S* to, Size to_row, const S* y = nullptr,
               std::type_identity_t<S> slope = 1) {
  choose(&baseline::transpose<S>, &v3::transpose<S>, &v4::transpose<S>)(rows, columns, from, from_column, to, to_row, y,
                                                                        slope);
}

/// One panel from up to 16 rows of a column-major matrix (missing ones become zeros), its depth the `columns`; and in
/// sum[0 ... 15] the sum over the columns, or, if `adds`, that added to what is there.
template <class S>
void copy_to_panel(Size rows, Size columns, const S* from, Size from_column, S* to, S* sum, bool adds) {
  choose(&baseline::copy_to_panel<S>, &v3::copy_to_panel<S>, &v4::copy_to_panel<S>)(rows, columns, from, from_column,
                                                                                    to, sum, adds);
}

}  // namespace bvae::kernels
