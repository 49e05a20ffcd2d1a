#pragma once

#include "bvae/core/concepts.hpp"

namespace bvae {

namespace detail {
template <Index FeaturesHave, Index ImageHas>
struct UnflattenKeepsSize {
  static_assert(FeaturesHave == ImageHas, "Unflatten: the features must be as many as the image has values");
};
template <class Order, class To>
struct UnflattenKeepsPixels {
  static_assert(std::is_void_v<Order> || std::is_same_v<Order, To>,
                "Unflatten: the features are the pixels of another image");
};
template <class In>
struct UnflattenTakesFeatures {
  static_assert(!kIsImage<In>, "Unflatten: the input is an image already");
  using Order = void;
};
template <Index Size, class ImageOrder>
struct UnflattenTakesFeatures<Features<Size, ImageOrder>> {
  using Order = ImageOrder;
};
}  // namespace detail

/// Features as an image, `Unflatten<Image<32, 7, 7>>`; PyTorch's nn.Unflatten(1, (32, 7, 7)). Nothing moves in memory:
/// the features are taken as channels-last, and the rows of the Linear before it are put in PyTorch's order in files.
/// Between that Linear and Unflatten there may be activations, but no other layer (unless the image has one channel or
/// one pixel).
template <class To>
struct Unflatten {
  static_assert(kIsImage<To>, "Unflatten: write Unflatten<Image<channels, height, width>>");

  template <Shape In>
  struct Bind : private detail::UnflattenKeepsSize<In::kSize, To::kSize>,
                private detail::UnflattenKeepsPixels<typename detail::UnflattenTakesFeatures<In>::Order, To> {
    static constexpr bool kIdentity = true;
    /// The input's order in files is for the layers before to make.
    static constexpr bool kUnflattens = !kAxisOrder<In>.is_image();
    using Output = To;
  };
};

}  // namespace bvae
