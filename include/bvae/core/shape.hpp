/// What a layer takes and gives, as types: the compiler checks every shape.
#pragma once

#include <concepts>

#include "bvae/core/types.hpp"

namespace bvae {

/// An image of `Channels` x `Height` x `Width`; in memory height, width, channel with the channel fastest ("channels
/// last").
template <Index Channels, Index Height, Index Width>
struct Image {
  static_assert(Channels > 0 && Height > 0 && Width > 0, "Image: channels, height and width must be positive");
  static constexpr Index kChannels = Channels;
  static constexpr Index kHeight = Height;
  static constexpr Index kWidth = Width;
  static constexpr Index kSize = Channels * Height * Width;
};

/// A plain vector of `Size` features. `Order` is the Image whose pixels they are, if they are (after Flatten); only
/// files care, because PyTorch flattens with the channel slowest.
template <Index Size, class Order = void>
struct Features {
  static_assert(Size > 0, "Features: the size must be positive");
  static constexpr Index kSize = Size;
  using ImageOrder = Order;
};

/// Values for a sample as a whole, after those of its features: what a type says of itself in `kSharedOutputs`, or 0.
template <class T>
inline constexpr Index kSharedOutputs = 0;
template <class T>
  requires requires { T::kSharedOutputs; }
inline constexpr Index kSharedOutputs<T> = T::kSharedOutputs;

template <class T>
concept Shape = requires {
  { T::kSize } -> std::convertible_to<Index>;
} && (T::kSize > 0);

template <class T>
inline constexpr bool kIsImage = requires { T::kChannels, T::kHeight, T::kWidth; };

/// Image extents at run time; {0, 0, 0} where an axis is no image.
struct AxisOrder {
  Index channels = 0;
  Index height = 0;
  Index width = 0;
  [[nodiscard]] constexpr bool is_image() const { return channels != 0; }
  bool operator==(const AxisOrder&) const = default;
};

namespace detail {
template <class S>
constexpr AxisOrder axis_order_of() {
  if constexpr (kIsImage<S>) {
    return {S::kChannels, S::kHeight, S::kWidth};
  } else if constexpr (requires { typename S::ImageOrder; }) {
    if constexpr (kIsImage<typename S::ImageOrder>) return axis_order_of<typename S::ImageOrder>();
  }
  return {};
}
}  // namespace detail

/// How the values of shape `S` are ordered if they are the pixels of an image.
template <Shape S>
inline constexpr AxisOrder kAxisOrder = detail::axis_order_of<S>();

}  // namespace bvae
