#pragma once

#include <algorithm>
#include <array>

#include "bvae/core/concepts.hpp"
#include "bvae/core/convolutions.hpp"
#include "bvae/core/reductions.hpp"
#include "bvae/layers/convolution_rules.hpp"
#include "bvae/layers/initialize_weights.hpp"

namespace bvae {

namespace detail {
template <Index Kernel, Index PaddedHeight, Index PaddedWidth>
struct Conv2dKernelFits {
  static_assert(Kernel <= PaddedHeight && Kernel <= PaddedWidth,
                "Conv2d: the kernel must not be larger than the padded image");
};
}  // namespace detail

/// Convolution of an image, with bias, as on PyTorch's page torch.nn.Conv2d (a cross-correlation):
///
///   y[y, x, o] = b[o] + sum over i, j < Kernel and channels c of W[o, c, i, j] x[y Stride - Padding + i, x Stride -
///                                                                            Padding + j, c],
///
/// pixels outside the image being 0. The output is floor((H + 2 Padding - Kernel) / Stride) + 1 pixels high (Dumoulin,
/// Visin 2016, "A guide to convolution arithmetic for deep learning", relationship 6).
///
/// \tparam Init an Initializer for the weights (the bias then starts at 0), or void for PyTorch's default: weight and
/// bias uniform in +-1/sqrt(input channels * Kernel^2)
template <Index Channels, Index Kernel, Index Stride = 1, Index Padding = 0, class Init = void>
struct Conv2d {
  static_assert(Channels > 0 && Kernel > 0 && Stride > 0 && Padding >= 0,
                "Conv2d: channels, kernel and stride must be positive, padding not negative");

  template <Shape In>
  struct Bind : private detail::ConvolutionTakesImage<In>,
                private detail::Conv2dKernelFits<Kernel, In::kHeight + 2 * Padding, In::kWidth + 2 * Padding> {
    using Output = Image<Channels, (In::kHeight + 2 * Padding - Kernel) / Stride + 1,
                         (In::kWidth + 2 * Padding - Kernel) / Stride + 1>;
    static constexpr convolutions::Extents kExtents{In::kChannels,  In::kHeight, In::kWidth, Channels, Output::kHeight,
                                                    Output::kWidth, Kernel,      Stride,     Padding};
    static constexpr std::array<TensorInfo, 2> kParameters{
        TensorInfo::kernel_in_panels("weight", Channels, In::kChannels, Kernel),
        TensorInfo::bias_in_panels("bias", Channels, kExtents.taps())};
    static constexpr bool kAnyGrouping = true;
    static constexpr bool kFusesActivations = true;
    /// The parts of the weights, and the bias; 16 rows for each.
    static constexpr Index kGradientRows = 16 * (kExtents.gradient_parts() + 1);
    static constexpr Index kGradientTaskRows = 16;
    static constexpr Index kGradientScratch = kExtents.gradient_scratch();
    /// What of the weight `gradient` writes for the rows from `first` on.
    static constexpr PanelBlock gradient_block(Index first, Index) {
      return detail::block_of_part(kExtents, first / 16);
    }

    template <class Scalar>
    static void initialize(Tensors<Scalar> p, const RandomStream& random) {
      detail::initialize_weights<Init>(kParameters[0], kParameters[1], kExtents.taps(), Channels * Kernel * Kernel, p,
                                       random);
    }

    template <kernels::Activation A = kernels::Activation::kIdentity, class Scalar>
    static void forward(Tensors<const Scalar> p, ConstView<Scalar> x, View<Scalar> y, Scalar parameter = {}) {
      convolutions::gather<Scalar>(kExtents, x.cols(), p[0], p[1], TensorInfo::panel_of(kExtents.taps()), x.data(),
                                   y.data(), products::detail::slope_of<A>(parameter));
      detail::activate_rest<A>(y, parameter);
    }

    template <kernels::Activation A = kernels::Activation::kIdentity, class Scalar>
    static void backward(Tensors<const Scalar> p, ConstView<Scalar> x, ConstView<Scalar>, ConstView<Scalar> dy,
                         View<Scalar> dx, Scalar parameter = {}) {
      convolutions::scatter<Scalar>(kExtents, dy.cols(), p[0], nullptr, dy.data(), dx.data(), Scalar(1), [&](Index s) {
        detail::activate_backward_of<A>(ConstView<Scalar>(x.data() + s * In::kSize, In::kSize, 1),
                                        View<Scalar>(dx.data() + s * In::kSize, In::kSize, 1), parameter);
      });
    }

    template <class Scalar>
    static double gradient(ConstView<Scalar> x, ConstView<Scalar> dy, Tensors<Scalar> g, Index first, Index count) {
      double squares = 0;
      for (Index part = first / 16; part < (first + count) / 16; ++part) {
        if (part == kExtents.gradient_parts()) {
          squares += bias_gradient(dy, g[1]);
        } else {
          convolutions::weights_gradient(kExtents, x.cols(), x.data(), dy.data(), part, g[0]);
          squares += detail::squares_of_part(kExtents, part, g[0]);
        }
      }
      return squares;
    }

   private:
    template <class Scalar>
    static double bias_gradient(ConstView<Scalar> dy, Scalar* g) {
      constexpr Index kPanel = TensorInfo::panel_of(kExtents.taps());
      constexpr Index kRows = TensorInfo::kPanelRows;
      constexpr Index kUsed = kRows * kExtents.taps();
      kernels::sum_pixels(Channels, dy.cols() * Output::kHeight * Output::kWidth, dy.data(), g, kPanel, false);
      double squares = 0;
      for (Index first = 0; first < Channels; first += kRows, g += kPanel) {
        const Index count = std::min(kRows, Channels - first);
        std::fill(g + count, g + kPanel - kUsed, Scalar(0));  // what no bias owns
        squares += sum_of_squares(g, count);
      }
      return squares;
    }
  };
};

}  // namespace bvae
