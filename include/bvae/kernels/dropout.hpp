/// What Dropout does to the values of a sample.
#pragma once

#include "bvae/kernels/isa.hpp"
#include "bvae/kernels/simd.hpp"

#define BVAE_KERNEL_SOURCE "bvae/kernels/dropout.inc"
#include "bvae/kernels/for_each_isa.inc"

namespace bvae::kernels {

/// y = x * scale where y was `threshold` or more, otherwise 0, for n values.
template <class S>
void drop(Size n, const S* x, S threshold, S scale, S* y) {
  choose(&baseline::drop<S>, &v3::drop<S>, &v4::drop<S>)(n, x, threshold, scale, y);
}

}  // namespace bvae::kernels
