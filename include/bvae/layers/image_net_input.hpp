#pragma once

#include <array>

#include "bvae/core/concepts.hpp"

namespace bvae {

namespace detail {
template <Index Channels>
struct ImageNetInputTakes {
  static_assert(Channels == 1 || Channels == 3, "ImageNetInput: the image must have one channel or three");
};
}  // namespace detail

/// What networks trained on ImageNet take: three channels, each minus the mean of ImageNet's and divided by their
/// standard deviation (torchvision's constants). The image has values in [0, 1]; a grey one is repeated.
struct ImageNetInput {
  static constexpr std::array<double, 3> kMean{0.485, 0.456, 0.406};
  static constexpr std::array<double, 3> kDeviation{0.229, 0.224, 0.225};

  template <Shape In>
  struct Bind : private detail::ImageNetInputTakes<In::kChannels> {
    using Output = Image<3, In::kHeight, In::kWidth>;
    static constexpr bool kAnyGrouping = true;

    template <class Scalar>
    static void forward(Tensors<const Scalar>, ConstView<Scalar> x, View<Scalar> y) {
      const Index pixels = In::kHeight * In::kWidth * x.cols();
      for (Index p = 0; p < pixels; ++p)
        for (Index c = 0; c < 3; ++c)
          y.data()[3 * p + c] = (x.data()[from(p, c)] - static_cast<Scalar>(kMean[static_cast<std::size_t>(c)])) /
                                static_cast<Scalar>(kDeviation[static_cast<std::size_t>(c)]);
    }

    template <class Scalar>
    static void backward(Tensors<const Scalar>, ConstView<Scalar>, ConstView<Scalar>, ConstView<Scalar> dy,
                         View<Scalar> dx) {
      const Index pixels = In::kHeight * In::kWidth * dx.cols();
      const auto part = [&](Index p, Index c) {
        return dy.data()[3 * p + c] / static_cast<Scalar>(kDeviation[static_cast<std::size_t>(c)]);
      };
      for (Index p = 0; p < pixels; ++p) {
        if constexpr (In::kChannels == 1) {
          dx.data()[p] = part(p, 0) + part(p, 1) + part(p, 2);
        } else {
          for (Index c = 0; c < 3; ++c) dx.data()[3 * p + c] = part(p, c);
        }
      }
    }

   private:
    static constexpr Index from(Index pixel, Index channel) { return In::kChannels == 1 ? pixel : 3 * pixel + channel; }
  };
};

}  // namespace bvae
