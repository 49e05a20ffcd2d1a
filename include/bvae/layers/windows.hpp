/// What MaxPool2d and AvgPool2d share: the shape of their output.
#pragma once

#include "bvae/core/concepts.hpp"
#include "bvae/kernels/pooling.hpp"

namespace bvae::detail {

template <class In>
struct PoolingTakesImages {
  static_assert(kIsImage<In>, "Pooling: the input must be an image; put Unflatten before it");
};
template <Index Kernel, Index PaddedHeight, Index PaddedWidth>
struct PoolingKernelFits {
  static_assert(Kernel <= PaddedHeight && Kernel <= PaddedWidth, "Pooling: the kernel must fit into the padded image");
};

template <Index Kernel, Index Stride, Index Padding>
struct PoolingArguments {
  static_assert(Kernel > 0 && Stride > 0, "Pooling: kernel and stride must be positive");
  static_assert(Padding >= 0 && 2 * Padding <= Kernel, "Pooling: the padding must be at most half the kernel");
};

/// Pixels along an axis of `size`: as many windows as fit.
template <Index Kernel, Index Stride, Index Padding>
constexpr Index pooled(Index size) {
  return (size + 2 * Padding - Kernel) / Stride + 1;
}

/// A bound pooling layer's shapes.
template <Shape In, Index Kernel, Index Stride, Index Padding>
struct PoolingBind : private PoolingTakesImages<In>,
                     private PoolingKernelFits<Kernel, In::kHeight + 2 * Padding, In::kWidth + 2 * Padding> {
  using Output =
      Image<In::kChannels, pooled<Kernel, Stride, Padding>(In::kHeight), pooled<Kernel, Stride, Padding>(In::kWidth)>;
  static constexpr bool kAnyGrouping = true;
  static constexpr kernels::Windows kWindows{In::kChannels,  In::kHeight, In::kWidth, Output::kHeight,
                                             Output::kWidth, Kernel,      Stride,     Padding};
};

}  // namespace bvae::detail
