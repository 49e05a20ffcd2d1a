#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "bvae/core/message.hpp"
#include "bvae/core/shape.hpp"
#include "bvae/data/dataset.hpp"

namespace bvae {

namespace detail {
/// \param image of the shape, or none
[[gnu::noinline]] inline void check_shape(std::string_view what, const Dataset& data, Index size, AxisOrder image,
                                          std::string_view taker) {
  if (data.features() != size)
    throw std::invalid_argument(
        message(what, " has ", data.features(), " features a sample, ", taker, " takes ", size));
  const ImageExtents e = data.extents();
  const bool plain = e.height == 1 && (e.channels == 1 || e.width == 1);
  if (!image.is_image() || plain || e == ImageExtents{image.channels, image.height, image.width}) return;
  const auto text = [](Index channels, Index height, Index width) {
    return message(channels, " x ", height, " x ", width);
  };
  throw std::invalid_argument(message(what, " has images of ", text(e.channels, e.height, e.width), ", ", taker,
                                      " takes ", text(image.channels, image.height, image.width)));
}
}  // namespace detail

/// Samples must have as many values as the shape `In`, and be images of its extents if it is an image. Data without
/// image extents (a plain matrix) fit any image of their size.
///
/// \param what, taker how the message calls the data and whoever takes them
/// \throws std::invalid_argument that begins with `what`
template <Shape In>
void check_shape(std::string_view what, const Dataset& data, std::string_view taker = "the model") {
  if constexpr (kIsImage<In>) {
    detail::check_shape(what, data, In::kSize, kAxisOrder<In>, taker);
  } else {
    detail::check_shape(what, data, In::kSize, {}, taker);
  }
}

}  // namespace bvae
