#pragma once

#include "bvae/layers/windows.hpp"

namespace bvae {

/// The largest value of each window, channel by channel, as on PyTorch's page torch.nn.MaxPool2d (kernel_size, stride,
/// padding). For an image of H x W pixels
///
///   y[i, j] = max x[i Stride - Padding + k, j Stride - Padding + l],   0 <= k, l < Kernel,
///
/// over the pixels that exist; floor((H + 2 Padding - Kernel) / Stride) + 1 rows, columns alike. The gradient goes to
/// the first of the largest values, row by row. NaN stays NaN (and its gradient is lost, but for the NaN in the loss).
///
/// \tparam Stride the kernel's size by default  \tparam Padding at most half the kernel
template <Index Kernel, Index Stride = Kernel, Index Padding = 0>
struct MaxPool2d : private detail::PoolingArguments<Kernel, Stride, Padding> {
  template <Shape In>
  struct Bind : detail::PoolingBind<In, Kernel, Stride, Padding> {
    template <class Scalar>
    static void forward(Tensors<const Scalar>, ConstView<Scalar> x, View<Scalar> y) {
      kernels::max_pool(Bind::kWindows, x.cols(), x.data(), y.data());
    }
    template <class Scalar>
    static void backward(Tensors<const Scalar>, ConstView<Scalar> x, ConstView<Scalar> y, ConstView<Scalar> dy,
                         View<Scalar> dx) {
      kernels::max_pool_backward(Bind::kWindows, x.cols(), x.data(), y.data(), dy.data(), dx.data());
    }
  };
};

}  // namespace bvae
