/// Sums over the pixels of channels-last images: what convolutions and their gradients are made of. Weights lie in
/// panels, see products.hpp; every element of a result is one chain of fused multiply-adds, in the order that is said
/// below.
#pragma once

#include "bvae/kernels/isa.hpp"
#include "bvae/kernels/products.hpp"
#include "bvae/kernels/simd.hpp"

namespace bvae::kernels {

/// For each pixel (y, x) of a `height` x `width` image and each of its `channels` i
///
///   c[y c_row + x c_pixel + i] = start of i + sum over runs r, values k of a[i, r length + k] b[y b_row + x b_pixel +
///                                                                                             r b_run + k],
///
/// in that order, and where that is negative, times `slope` (1: as it is, 0: ReLU). Channel 16 p + l of a begins at
/// a[p a_panel + l] (its next values 16 apart), its start is start[p start_panel + l].
template <class S>
struct Convolution {
  Size channels;
  Size height;
  Size width;
  Size runs;
  Size length;
  const S* a;
  Size a_panel;
  const S* start;
  Size start_panel;
  const S* b;
  Size b_row;
  Size b_pixel;
  Size b_run;
  S* c;
  Size c_row;
  Size c_pixel;
  S slope = 1;
};

/// For `panels` of 16 channels 16 p + l and each of `columns` n
///
///   c[p c_panel + 16 n + l] = sum over the pixels (y, x) of a[y a_row + x a_pixel + p a_panel + l] b[y b_row + x
///   b_pixel + n],
///
/// or, if `adds`, what is there plus that sum.
template <class S>
struct Correlation {
  Size panels;
  Size columns;
  Size height;
  Size width;
  const S* a;
  Size a_row;
  Size a_pixel;
  Size a_panel;
  const S* b;
  Size b_row;
  Size b_pixel;
  S* c;
  Size c_panel;
  bool adds;
};

}  // namespace bvae::kernels

#define BVAE_KERNEL_SOURCE "bvae/kernels/convolutions.inc"
#include "bvae/kernels/for_each_isa.inc"

namespace bvae::kernels {

template <class S>
void convolve(const Convolution<S>& work) {
  choose(&baseline::convolve<S>, &v3::convolve<S>, &v4::convolve<S>)(work);
}

template <class S>
void correlate(const Correlation<S>& work) {
  choose(&baseline::correlate<S>, &v3::correlate<S>, &v4::correlate<S>)(work);
}

/// Sums over pixels of `channels` values each: that of channel 16 p + l goes to to[p to_panel + l], or is added there.
/// Every fourth pixel is summed alone, these four as (0 + 1) + (2 + 3).
template <class S>
void sum_pixels(Size channels, Size pixels, const S* from, S* to, Size to_panel, bool adds) {
  choose(&baseline::sum_pixels<S>, &v3::sum_pixels<S>, &v4::sum_pixels<S>)(channels, pixels, from, to, to_panel, adds);
}

}  // namespace bvae::kernels
