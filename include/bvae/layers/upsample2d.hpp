#pragma once

#include "bvae/core/concepts.hpp"
#include "bvae/kernels/pooling.hpp"

namespace bvae {

namespace detail {
template <class In>
struct UpsampleTakesImages {
  static_assert(kIsImage<In>, "Upsample2d: the input must be an image; put Unflatten before it");
};
}  // namespace detail

/// Each pixel as `Factor` x `Factor` pixels, as on PyTorch's page torch.nn.Upsample (scale_factor=Factor,
/// mode="nearest"):
///
///   y[i, j] = x[floor(i / Factor), floor(j / Factor)],   dx = the sum of its pixels' dy.
template <Index Factor>
struct Upsample2d {
  static_assert(Factor > 0, "Upsample2d: the factor must be positive");

  template <Shape In>
  struct Bind : private detail::UpsampleTakesImages<In> {
    using Output = Image<In::kChannels, In::kHeight * Factor, In::kWidth * Factor>;
    static constexpr bool kAnyGrouping = true;

    template <class Scalar>
    static void forward(Tensors<const Scalar>, ConstView<Scalar> x, View<Scalar> y) {
      kernels::upsample(In::kChannels, In::kHeight, In::kWidth, Factor, x.cols(), x.data(), y.data());
    }
    template <class Scalar>
    static void backward(Tensors<const Scalar>, ConstView<Scalar>, ConstView<Scalar>, ConstView<Scalar> dy,
                         View<Scalar> dx) {
      kernels::upsample_backward(In::kChannels, In::kHeight, In::kWidth, Factor, dy.cols(), dy.data(), dx.data());
    }
  };
};

}  // namespace bvae
