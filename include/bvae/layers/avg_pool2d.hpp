#pragma once

#include "bvae/layers/windows.hpp"

namespace bvae {

/// The mean of each window, channel by channel, as on PyTorch's page torch.nn.AvgPool2d (kernel_size, stride, padding)
/// with its default that the border counts as zeros (count_include_pad):
///
///   y[i, j] = sum x[i Stride - Padding + k, j Stride - Padding + l] / Kernel^2,   0 <= k, l < Kernel,
///
/// with floor((H + 2 Padding - Kernel) / Stride) + 1 rows, columns alike.
///
/// \tparam Stride the kernel's size by default  \tparam Padding at most half the kernel
template <Index Kernel, Index Stride = Kernel, Index Padding = 0>
struct AvgPool2d : private detail::PoolingArguments<Kernel, Stride, Padding> {
  template <Shape In>
  struct Bind : detail::PoolingBind<In, Kernel, Stride, Padding> {
    template <class Scalar>
    static void forward(Tensors<const Scalar>, ConstView<Scalar> x, View<Scalar> y) {
      kernels::average_pool(Bind::kWindows, x.cols(), x.data(), y.data());
    }
    template <class Scalar>
    static void backward(Tensors<const Scalar>, ConstView<Scalar> x, ConstView<Scalar>, ConstView<Scalar> dy,
                         View<Scalar> dx) {
      kernels::average_pool_backward(Bind::kWindows, x.cols(), dy.data(), dx.data());
    }
  };
};

}  // namespace bvae
