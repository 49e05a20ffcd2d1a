/// Windows over channels-last images: their maximum and mean, and the gradients of these; images enlarged. Vectors go
/// over the channels.
#pragma once

#include <limits>

#include "bvae/kernels/isa.hpp"
#include "bvae/kernels/simd.hpp"

namespace bvae::kernels {

/// A window of `size` x `size` pixels for each pixel of the output, which moves by `stride`; the image has a border of
/// `padding` pixels.
struct Windows {
  Size channels, height, width, out_height, out_width;
  Size size, stride, padding;
};

}  // namespace bvae::kernels

#define BVAE_KERNEL_SOURCE "bvae/kernels/pooling.inc"
#include "bvae/kernels/for_each_isa.inc"

namespace bvae::kernels {

/// The largest value of each window, of each of `samples` images; NaN if there is one.
template <class S>
void max_pool(const Windows& w, Size samples, const S* x, S* y) {
  choose(&baseline::max_pool<S>, &v3::max_pool<S>, &v4::max_pool<S>)(w, samples, x, y);
}
/// dx = the sum of the dy of the windows whose first largest value it is.
template <class S>
void max_pool_backward(const Windows& w, Size samples, const S* x, const S* y, const S* dy, S* dx) {
  choose(&baseline::max_pool_backward<S>, &v3::max_pool_backward<S>, &v4::max_pool_backward<S>)(w, samples, x, y, dy,
                                                                                                dx);
}
/// The sum of each window, divided by size^2: the border counts as zeros.
template <class S>
void average_pool(const Windows& w, Size samples, const S* x, S* y) {
  choose(&baseline::average_pool<S>, &v3::average_pool<S>, &v4::average_pool<S>)(w, samples, x, y);
}
template <class S>
void average_pool_backward(const Windows& w, Size samples, const S* dy, S* dx) {
  choose(&baseline::average_pool_backward<S>, &v3::average_pool_backward<S>, &v4::average_pool_backward<S>)(w, samples,
                                                                                                            dy, dx);
}
/// Each pixel of `height` x `width` as `factor` x `factor` pixels.
template <class S>
void upsample(Size channels, Size height, Size width, Size factor, Size samples, const S* x, S* y) {
  choose(&baseline::upsample<S>, &v3::upsample<S>, &v4::upsample<S>)(channels, height, width, factor, samples, x, y);
}
template <class S>
void upsample_backward(Size channels, Size height, Size width, Size factor, Size samples, const S* dy, S* dx) {
  choose(&baseline::upsample_backward<S>, &v3::upsample_backward<S>, &v4::upsample_backward<S>)(
      channels, height, width, factor, samples, dy, dx);
}

}  // namespace bvae::kernels
