/// Loops of the layers that normalise: statistics and affine maps whose coefficients repeat.
///
/// An array of `count` values is seen as columns of `rows` values (the last may be short): value i belongs to row
/// i % rows. Sums over columns are made in double, each row for itself and in the order of the columns.
#pragma once

#include "bvae/kernels/isa.hpp"
#include "bvae/kernels/simd.hpp"

#define BVAE_KERNEL_SOURCE "bvae/kernels/normalization.inc"
#include "bvae/kernels/for_each_isa.inc"

namespace bvae::kernels {

/// sums[r] = sum of the row's values.
template <class S>
void row_sums(Size rows, Size count, const S* x, double* sums) {
  choose(&baseline::row_sums<S>, &v3::row_sums<S>, &v4::row_sums<S>)(rows, count, x, sums);
}

/// sums[r] = sum of (x - center[r])^2.
template <class S>
void squared_deviations(Size rows, Size count, const S* x, const double* center, double* sums) {
  choose(&baseline::squared_deviations<S>, &v3::squared_deviations<S>, &v4::squared_deviations<S>)(rows, count, x,
                                                                                                   center, sums);
}

/// sums[r] = sum of dy and products[r] = sum of dy (x - center[r]).
template <class S>
void deviation_products(Size rows, Size count, const S* x, const S* center, const S* dy, double* sums,
                        double* products) {
  choose(&baseline::deviation_products<S>, &v3::deviation_products<S>, &v4::deviation_products<S>)(
      rows, count, x, center, dy, sums, products);
}

/// y = (x - center[r]) scale[r] + offset[r].
template <class S>
void normalize(Size rows, Size count, const S* x, const S* center, const S* scale, const S* offset, S* y) {
  choose(&baseline::normalize<S>, &v3::normalize<S>, &v4::normalize<S>)(rows, count, x, center, scale, offset, y);
}

/// dx = dy scale[r] + offset[r] + (x - center[r]) slope[r].
template <class S>
void normalize_backward(Size rows, Size count, const S* x, const S* center, const S* dy, const S* scale,
                        const S* offset, const S* slope, S* dx) {
  choose(&baseline::normalize_backward<S>, &v3::normalize_backward<S>, &v4::normalize_backward<S>)(
      rows, count, x, center, dy, scale, offset, slope, dx);
}

/// Mean and sum of squared deviations of the union of `parts` sets, in the order of the sets (Chan, Golub, LeVeque
/// 1983, "Algorithms for computing the sample variance", equation 2.1). Set k has sums[k stride + r] and
/// squares[k stride + r]; all have `size` values but the last, which has `last`.
inline void merge_moments(Size rows, Size parts, Size stride, double size, double last, const double* sums,
                          const double* squares, double* mean, double* square) {
  choose(&baseline::merge_moments, &v3::merge_moments, &v4::merge_moments)(rows, parts, stride, size, last, sums,
                                                                           squares, mean, square);
}

/// y = (x - mean) rstd weight + bias for n values, each with a weight and a bias of its own.
template <class S>
void normalize_run(Size n, const S* x, S mean, S rstd, const S* weight, const S* bias, S* y) {
  choose(&baseline::normalize_run<S>, &v3::normalize_run<S>, &v4::normalize_run<S>)(n, x, mean, rstd, weight, bias, y);
}

/// What the gradients of normalize_run need, in double: sum of dy weight, sum of dy weight (x - mean); and adds
/// dy (x - mean) rstd to d_weight and dy to d_bias.
template <class S>
void normalize_run_sums(Size n, const S* x, S mean, S rstd, const S* weight, const S* dy, double* sum, double* product,
                        double* d_weight, double* d_bias) {
  choose(&baseline::normalize_run_sums<S>, &v3::normalize_run_sums<S>, &v4::normalize_run_sums<S>)(
      n, x, mean, rstd, weight, dy, sum, product, d_weight, d_bias);
}

/// dx = (dy weight - offset - (x - mean) slope) rstd.
template <class S>
void normalize_run_backward(Size n, const S* x, S mean, S rstd, const S* weight, const S* dy, S offset, S slope,
                            S* dx) {
  choose(&baseline::normalize_run_backward<S>, &v3::normalize_run_backward<S>, &v4::normalize_run_backward<S>)(
      n, x, mean, rstd, weight, dy, offset, slope, dx);
}

/// t = W v for a matrix in panels (see products.hpp), in double; t has 16 values for each panel.
template <class S>
void panels_times_vector(Size panels, Size columns, const S* w, Size panel, const S* v, double* t) {
  choose(&baseline::panels_times_vector<S>, &v3::panels_times_vector<S>, &v4::panels_times_vector<S>)(panels, columns,
                                                                                                      w, panel, v, t);
}

/// t = u^T W, or t += u^T W if `adds`, in double; u has 16 values for each panel.
template <class S>
void vector_times_panels(Size panels, Size columns, const S* w, Size panel, const S* u, double* t, bool adds = false) {
  choose(&baseline::vector_times_panels<S>, &v3::vector_times_panels<S>, &v4::vector_times_panels<S>)(
      panels, columns, w, panel, u, t, adds);
}

/// y = x / divisor, for n values.
template <class S>
void divide(Size n, const S* x, S divisor, S* y) {
  choose(&baseline::divide<S>, &v3::divide<S>, &v4::divide<S>)(n, x, divisor, y);
}

/// g = (g - factor u v^T) / divisor for a matrix in panels.
template <class S>
void subtract_outer_product(Size panels, Size columns, S* g, Size panel, S factor, const S* u, const S* v, S divisor) {
  choose(&baseline::subtract_outer_product<S>, &v3::subtract_outer_product<S>, &v4::subtract_outer_product<S>)(
      panels, columns, g, panel, factor, u, v, divisor);
}

}  // namespace bvae::kernels
