#pragma once

#include <array>

#include "bvae/core/concepts.hpp"
#include "bvae/core/convolutions.hpp"
#include "bvae/core/reductions.hpp"
#include "bvae/layers/convolution_rules.hpp"
#include "bvae/layers/initialize_weights.hpp"

namespace bvae {

namespace detail {
template <Index OutputHeight, Index OutputWidth>
struct ConvTranspose2dLeavesPixels {
  static_assert(OutputHeight > 0 && OutputWidth > 0, "ConvTranspose2d: the padding must leave pixels");
};
template <Index OutputPadding, Index Stride>
struct ConvTranspose2dOutputPadding {
  static_assert(OutputPadding >= 0 && OutputPadding < Stride,
                "ConvTranspose2d: the output padding must be smaller than the stride, and not negative");
};
}  // namespace detail

/// Transposed convolution of an image, with bias, as on PyTorch's page torch.nn.ConvTranspose2d: what Conv2d with the
/// same kernel, stride and padding computes for the gradient of its input (Dumoulin, Visin 2016, "A guide to
/// convolution arithmetic for deep learning", section 4). The output is (H - 1) Stride - 2 Padding + Kernel +
/// OutputPadding pixels high (relationship 14):
///
///   y[y, x, o] = b[o] + sum over input pixels (v, u), taps (i, j) with (v, u) Stride - Padding + (i, j) = (y, x) and
///                channels c of W[c, o, i, j] x[v, u, c].
///
/// \tparam OutputPadding rows and columns added below and to the right: Conv2d gives images of several sizes the same
///         size, this says which of them to return to
/// \tparam Init an Initializer for the weights (the bias then starts at 0), or void for PyTorch's default: weight and
/// bias uniform in +-1/sqrt(output channels * Kernel^2)
template <Index Channels, Index Kernel, Index Stride = 1, Index Padding = 0, Index OutputPadding = 0, class Init = void>
struct ConvTranspose2d : private detail::ConvTranspose2dOutputPadding<OutputPadding, Stride> {
  static_assert(Channels > 0 && Kernel > 0 && Stride > 0 && Padding >= 0,
                "ConvTranspose2d: channels, kernel and stride must be positive, padding not negative");

  /// Pixels along an axis of the output for `extent` of the input.
  static constexpr Index output(Index extent) { return (extent - 1) * Stride - 2 * Padding + Kernel + OutputPadding; }

  template <Shape In>
  struct Bind : private detail::ConvolutionTakesImage<In>,
                private detail::ConvTranspose2dLeavesPixels<output(In::kHeight), output(In::kWidth)> {
    using Output = Image<Channels, output(In::kHeight), output(In::kWidth)>;
    static constexpr convolutions::Extents kExtents{
        Channels, Output::kHeight, Output::kWidth, In::kChannels, In::kHeight, In::kWidth, Kernel, Stride, Padding};
    static constexpr std::array<TensorInfo, 2> kParameters{
        TensorInfo::kernel_in_panels("weight", In::kChannels, Channels, Kernel), TensorInfo{"bias", 1, {Channels}}};
    static constexpr bool kAnyGrouping = true;
    static constexpr bool kFusesActivations = true;
    /// The parts of the weights, and the bias; 16 rows for each.
    static constexpr Index kGradientRows = 16 * (kExtents.gradient_parts() + 1);
    static constexpr Index kGradientTaskRows = 16;
    static constexpr Index kGradientScratch = kExtents.gradient_scratch();
    static constexpr int kOutputAxis = 1;  // of the weight
    /// What of the weight `gradient` writes for the rows from `first` on.
    static constexpr PanelBlock gradient_block(Index first, Index) {
      return detail::block_of_part(kExtents, first / 16);
    }

    template <class Scalar>
    static void initialize(Tensors<Scalar> p, const RandomStream& random) {
      detail::initialize_weights<Init>(kParameters[0], kParameters[1], kExtents.taps(), In::kChannels * Kernel * Kernel,
                                       p, random);
    }

    template <kernels::Activation A = kernels::Activation::kIdentity, class Scalar>
    static void forward(Tensors<const Scalar> p, ConstView<Scalar> x, View<Scalar> y, Scalar parameter = {}) {
      convolutions::scatter<Scalar>(kExtents, x.cols(), p[0], p[1], x.data(), y.data(),
                                    products::detail::slope_of<A>(parameter));
      detail::activate_rest<A>(y, parameter);
    }

    template <kernels::Activation A = kernels::Activation::kIdentity, class Scalar>
    static void backward(Tensors<const Scalar> p, ConstView<Scalar> x, ConstView<Scalar>, ConstView<Scalar> dy,
                         View<Scalar> dx, Scalar parameter = {}) {
      static constexpr std::array<Scalar, TensorInfo::kPanelRows> kZeros{};
      convolutions::gather<Scalar>(
          kExtents, dy.cols(), p[0], kZeros.data(), 0, dy.data(), dx.data(), Scalar(1), [&](Index s) {
            detail::activate_backward_of<A>(ConstView<Scalar>(x.data() + s * In::kSize, In::kSize, 1),
                                            View<Scalar>(dx.data() + s * In::kSize, In::kSize, 1), parameter);
          });
    }

    template <class Scalar>
    static double gradient(ConstView<Scalar> x, ConstView<Scalar> dy, Tensors<Scalar> g, Index first, Index count) {
      double squares = 0;
      for (Index part = first / 16; part < (first + count) / 16; ++part) {
        if (part == kExtents.gradient_parts()) {
          kernels::sum_pixels(Channels, dy.cols() * Output::kHeight * Output::kWidth, dy.data(), g[1],
                              TensorInfo::kPanelRows, false);
          squares += sum_of_squares(g[1], Channels);
        } else {
          convolutions::weights_gradient(kExtents, x.cols(), dy.data(), x.data(), part, g[0]);
          squares += detail::squares_of_part(kExtents, part, g[0]);
        }
      }
      return squares;
    }
  };
};

}  // namespace bvae
